// A Go program that dies with goroutines that run, wait and sleep.
package main

import (
	"sync"
	"time"
)

var kept [][]byte

//go:noinline
func wait(depth int, c chan int) int {
	if depth == 0 {
		return <-c
	}
	return wait(depth-1, c) + 1
}

//go:noinline
func spin(depth int, ready *sync.WaitGroup) int {
	if depth > 0 {
		return spin(depth-1, ready) + 1
	}
	ready.Done()
	for n := 0; ; n++ {
	}
}

//go:noinline
func crash(depth int, p *int) int {
	if depth > 0 {
		return crash(depth-1, p) + 1
	}
	*p = 1
	return *p
}

func main() {
	for i := 0; i < 64; i++ {
		b := make([]byte, 1<<20)
		for j := range b {
			b[j] = byte(i*j) ^ byte(j>>8)
		}
		kept = append(kept, b)
	}
	c := make(chan int)
	for i := 0; i < 100; i++ {
		go wait(i%10, c)
	}
	var ready sync.WaitGroup
	ready.Add(1)
	go spin(5, &ready)
	go time.Sleep(time.Hour)
	ready.Wait()
	crash(6, nil)
}
