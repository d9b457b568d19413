# Foreign judges: whether others read what gzdeflate and zdeflate make, and zinflate what they make.

load lib/common

# A judge that fails behind a pipe has failed.
set -o pipefail

# A core's kind of data, and what our compressors make of it, and of nothing.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	mixed 700000 >data
	: >empty
	gzdeflate -b 64K -N data -C $'uuid=\npid=1\n' data >members.gz
	gzdeflate -0 -b 1K data >stored.gz
	gzdeflate -9 data >best.gz
	gzdeflate </dev/null >empty.gz
	gzdeflate -s -b 64K -N data -C comment data >single.gz
	gzdeflate -s </dev/null >empty-single.gz
	zdeflate -b 64K data >data.zz
	zdeflate -0 -b 1K data >stored.zz
	zdeflate </dev/null >empty.zz
	[ "$(members members.gz | wc -l)" -eq 11 ]
}

# In a directory of its own with all of those.
setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	cp "$BATS_FILE_TMPDIR"/* .
}

# reads COMMAND…: with each file as its standard input, of many members, of one, and of none.
reads() {
	local file
	for file in members stored best single; do
		echo "$* <$file.gz"
		"$@" <$file.gz | cmp - data || return 1
	done
	for file in empty empty-single; do
		echo "$* <$file.gz"
		"$@" <$file.gz | cmp - empty || return 1
	done
}

# reads_one COMMAND…: likewise, what has but one member.
reads_one() {
	local file
	echo "$*"
	"$@" <single.gz | cmp - data || return 1
	"$@" <empty-single.gz | cmp - empty || return 1
}

# reads_zlib COMMAND…: likewise, zlib streams.
reads_zlib() {
	echo "$*"
	"$@" <data.zz | cmp - data || return 1
	"$@" <stored.zz | cmp - data || return 1
	"$@" <empty.zz | cmp - empty || return 1
}

# read_by_zinflate COMMAND…: zinflate reads what it makes of the data and of nothing.
read_by_zinflate() {
	echo "$*"
	"$@" <data >made || return 1
	zinflate made | cmp - data || return 1
	zinflate <made | cmp - data || return 1
	cat made | zinflate | cmp - data || return 1
	zinflate -t made || return 1
	zinflate -r 123456:300000 made | cmp - <(tail -c +123457 data | head -c 300000) || return 1
	[ "$(zinflate -l made | awk '{ n += $4 } END { print n }')" -eq 700000 ] || return 1
	"$@" <empty | zinflate | cmp - empty
}

java_source() {
	cat >Judge.java <<'END'
import java.io.*;
import java.util.zip.*;

public class Judge {
	public static void main(String[] args) throws IOException {
		InputStream in = System.in;
		OutputStream out = new BufferedOutputStream(System.out, 65536);
		switch (args[0]) {
		case "read":
			in = new GZIPInputStream(in);
			break;
		case "read-zlib":
			in = new InflaterInputStream(in);
			break;
		case "make":
			out = new GZIPOutputStream(out);
			break;
		case "make-zlib":
			out = new DeflaterOutputStream(out);
			break;
		}
		in.transferTo(out);
		out.close();
	}
}
END
	javac Judge.java
}

go_source() {
	export GOCACHE=$PWD/cache GOPATH=$PWD/go GO111MODULE=off
	cat >judge.go <<'END'
package main

import (
	"compress/gzip"
	"compress/zlib"
	"io"
	"os"
)

func main() {
	var in io.Reader = os.Stdin
	var out io.WriteCloser = os.Stdout
	var err error
	switch os.Args[1] {
	case "read":
		in, err = gzip.NewReader(in)
	case "read-zlib":
		in, err = zlib.NewReader(in)
	case "make":
		out = gzip.NewWriter(out)
	case "make-zlib":
		out = zlib.NewWriter(out)
	}
	if err == nil {
		_, err = io.Copy(out, in)
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		panic(err)
	}
}
END
	go build -o judge judge.go
}

@test "gunzip: reads what gzdeflate makes, and finds it sound" {
	need gunzip
	reads gunzip -c
	gzip -t members.gz stored.gz best.gz empty.gz single.gz
	gunzip members.gz
	cmp members data
}

@test "pigz: reads what gzdeflate and zdeflate make" {
	need pigz
	reads pigz -dc
	reads pigz -dc -p 1
	reads_zlib pigz -dzc
	pigz -t members.gz stored.gz best.gz empty.gz single.gz
}

@test "igzip: reads what gzdeflate makes" {
	need igzip
	reads igzip -d
	igzip -t members.gz
}

@test "busybox gunzip: reads what gzdeflate makes" {
	need busybox
	reads busybox gunzip -c
	busybox zcat members.gz | cmp - data
}

@test "Python's gzip: reads what gzdeflate makes" {
	need python3
	reads python3 -c '
import gzip, sys
sys.stdout.buffer.write(gzip.open(sys.stdin.buffer).read())'
	reads python3 -c '
import gzip, sys
sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))'
}

@test "Python's zlib: reads what gzdeflate -s and zdeflate make" {
	need python3
	reads_one python3 -c '
import sys, zlib
sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read(), 31))'
	reads_zlib python3 -c '
import sys, zlib
sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))'
}

@test "HTTP's Content-Encoding: a client reads what gzdeflate -s and zdeflate make" {
	need python3
	# As curl, requests and browsers do: one stream, by pieces as they come.
	local reader='
import sys, zlib
d = zlib.decompressobj(int(sys.argv[1]))
while b := sys.stdin.buffer.read(1000):
    sys.stdout.buffer.write(d.decompress(b))
assert d.eof and not d.unused_data'
	reads_one python3 -c "$reader" 47
	reads_zlib python3 -c "$reader" 47
	reads_zlib python3 -c "$reader" 15
}

@test "perl: reads what gzdeflate makes with MultiStream, and what gzdeflate -s makes without" {
	need perl
	local reader='
		use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
		binmode STDOUT;
		gunzip "-" => "-", MultiStream => shift or die $GunzipError'
	reads perl -e "$reader" 1
	reads_one perl -e "$reader" 0
	reads_zlib perl -e '
		use IO::Uncompress::Inflate qw(inflate $InflateError);
		binmode STDOUT;
		inflate "-" => "-" or die $InflateError'
}

@test "zstd: reads what gzdeflate makes" {
	need zstd
	zstd --format=gzip -qc empty >/dev/null || skip "this zstd has no gzip format"
	reads zstd -qdc
	zstd -qt members.gz
}

@test "7-Zip: reads what gzdeflate makes" {
	seven=7zz
	command -v 7zz >/dev/null || seven=7z
	need $seven
	for file in members stored best single; do
		$seven x -so $file.gz | cmp - data
		$seven t $file.gz >log
	done
	$seven x -so empty.gz | cmp - empty
	reads $seven x -tgzip -si -so
}

@test "bsdcat: reads what gzdeflate makes" {
	need bsdcat
	reads bsdcat
}

@test "node: reads what gzdeflate and zdeflate make" {
	need node
	reads node -e '
		const all = require("fs").readFileSync(0);
		require("fs").writeFileSync(1, require("zlib").gunzipSync(all))'
	reads node -e 'process.stdin.pipe(require("zlib").createGunzip()).pipe(process.stdout)'
	reads_zlib node -e 'process.stdin.pipe(require("zlib").createInflate()).pipe(process.stdout)'
}

@test "Java's GZIPInputStream: reads what gzdeflate and zdeflate make" {
	need java javac
	java_source
	reads java Judge read
	reads_zlib java Judge read-zlib
}

@test "Ruby: GzipReader.zcat reads what gzdeflate makes, and GzipReader.new one member of it" {
	need ruby
	reads ruby -rzlib -rstringio -e '$stdout.binmode.write(Zlib::GzipReader.zcat(StringIO.new($stdin.binmode.read)))'
	[[ $(members members.gz | wc -l) -gt 1 ]]
	ruby -rzlib -e '$stdout.binmode.write(Zlib::GzipReader.new($stdin.binmode).read)' <members.gz >out
	[ "$(stat -c %s out)" -lt "$(stat -c %s data)" ]
	ruby -rzlib -e '$stdout.binmode.write(Zlib::GzipReader.new($stdin.binmode).read)' <single.gz | cmp - data
}

@test "Bun: zlib.gunzipSync reads what gzdeflate makes, and Bun.gunzipSync one member of it" {
	need bun
	reads bun -e 'require("fs").writeFileSync(1, require("zlib").gunzipSync(require("fs").readFileSync(0)))'
	bun -e 'require("fs").writeFileSync(1, Bun.gunzipSync(require("fs").readFileSync(0)))' <members.gz >out
	[ "$(stat -c %s out)" -lt "$(stat -c %s data)" ]
	bun -e 'require("fs").writeFileSync(1, Bun.gunzipSync(require("fs").readFileSync(0)))' <single.gz | cmp - data
}

@test "Go: reads what gzdeflate and zdeflate make" {
	need go
	go_source
	reads ./judge read
	reads_zlib ./judge read-zlib
}

@test "zlib-flate: reads what zdeflate makes" {
	need zlib-flate
	reads_zlib zlib-flate -uncompress
}

@test "tar: takes gzdeflate and zinflate as its program, both ways" {
	mkdir files
	mixed 100000 >files/one
	tar -I gzdeflate -cf files.tgz files
	tar -I zinflate -tf files.tgz >list
	tar -xf files.tgz -I zinflate --transform 's/files/again/'
	diff -r files again
	tar -I gzdeflate -xf files.tgz --transform 's/files/once_more/'
	diff -r files once_more
}

@test "sort: takes gzdeflate and zdeflate as its program" {
	seq 100000 | shuf >numbers
	sort -n numbers >want
	for program in gzdeflate zdeflate; do
		sort -n --compress-program="$program" -S 100k numbers | cmp - want
	done
}

@test "zinflate: reads what gzip and busybox gzip make" {
	need gzip busybox
	read_by_zinflate gzip -1
	read_by_zinflate gzip -9
	read_by_zinflate gzip --rsyncable
	read_by_zinflate busybox gzip -c
	# With a name.
	gzip -c data | zinflate | cmp - data
}

@test "zinflate: reads what pigz makes, gzip and zlib" {
	need pigz
	read_by_zinflate pigz -1
	read_by_zinflate pigz -b 32 -i
	read_by_zinflate pigz -R
	read_by_zinflate pigz -z
	read_by_zinflate pigz -z -0
}

@test "zinflate: reads what igzip makes" {
	need igzip
	read_by_zinflate igzip -0
	read_by_zinflate igzip -3
	read_by_zinflate igzip -T 2
}

@test "zinflate: reads what Python's gzip and zlib make" {
	need python3
	read_by_zinflate python3 -c '
import gzip, sys
sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read(), 1))'
	read_by_zinflate python3 -c '
import sys, zlib
sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read(), 9))'
	# By pieces, into a file that it names in the header.
	python3 -c '
import gzip
with gzip.open("named.gz", "wb") as f:
    for line in open("data", "rb"):
        f.write(line)'
	zinflate named.gz | cmp - data
}

@test "zinflate: reads what 7-Zip makes" {
	seven=7zz
	command -v 7zz >/dev/null || seven=7z
	need $seven
	read_by_zinflate $seven a -tgzip -si -so -an dummy
	$seven a -tgzip -mx=9 made.gz data >log
	zinflate made.gz | cmp - data
}

@test "zinflate: reads what bsdtar makes, with its padding" {
	need bsdtar
	bsdtar -cf data.tar data
	bsdtar -czf - data >data.tgz
	zinflate data.tgz | cmp - data.tar
	bsdtar -czf - -b 200 data >data.tgz
	zinflate -t data.tgz
	zinflate data.tgz | bsdtar -xOf - data | cmp - data
}

@test "zinflate: reads what zstd makes as gzip" {
	need zstd
	zstd --format=gzip -qc empty >/dev/null || skip "this zstd has no gzip format"
	read_by_zinflate zstd --format=gzip -qc
	read_by_zinflate zstd --format=gzip -qc -9
}

@test "zinflate: reads what perl makes, gzip and zlib" {
	need perl
	# Not HeaderCRC: perl keeps but 8 of its 16 bits, and gzip, pigz and igzip refuse it too.
	read_by_zinflate perl -e '
		use IO::Compress::Gzip qw(:all);
		binmode STDOUT;
		gzip "-" => "-", Name => "data", Comment => "c", TextFlag => 1,
		    ExtraField => [XY => "abc"] or die $GzipError'
	read_by_zinflate perl -e '
		use IO::Compress::Deflate qw(:all);
		binmode STDOUT;
		deflate "-" => "-" or die $DeflateError'
}

@test "zinflate: reads what zlib-flate makes" {
	need zlib-flate
	# Of nothing it makes nothing, which is no stream.
	for level in 1 9; do
		zlib-flate -compress=$level <data >made
		zinflate made | cmp - data
		cat made | zinflate -t
	done
}

@test "zinflate: reads what node makes, gzip and zlib" {
	need node
	read_by_zinflate node -e 'process.stdin.pipe(require("zlib").createGzip()).pipe(process.stdout)'
	read_by_zinflate node -e 'process.stdin.pipe(require("zlib").createDeflate()).pipe(process.stdout)'
}

@test "zinflate: reads what Java makes, gzip and zlib" {
	need java javac
	java_source
	read_by_zinflate java Judge make
	read_by_zinflate java Judge make-zlib
}

@test "zinflate: reads what Go makes, gzip and zlib" {
	need go
	go_source
	read_by_zinflate ./judge make
	read_by_zinflate ./judge make-zlib
}
