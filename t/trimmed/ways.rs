// A Rust program that panics below a few calls, while threads wait.
use std::thread;
use std::time::Duration;

#[inline(never)]
fn wait(depth: u32) -> u32 {
    if depth == 0 {
        thread::sleep(Duration::from_secs(3600));
        return 0;
    }
    wait(depth - 1) + 1
}

#[inline(never)]
fn crash(depth: u32, of: &[u32]) -> u32 {
    if depth == 0 {
        return of[of.len() + 3];
    }
    crash(depth - 1, of) + 1
}

fn main() {
    for i in 0..4 {
        thread::spawn(move || wait(i + 2));
    }
    thread::sleep(Duration::from_millis(100));
    let room: Vec<u32> = (0..20_000_000).collect();
    println!("{}", crash(6, &room));
}
