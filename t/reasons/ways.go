// Dies as Go programs do, in the way that is named.
package main

import (
	"errors"
	"os"
)

type node struct {
	first, field int
}

//go:noinline
func deref(n *node) int { return n.field }

//go:noinline
func index(of []int, at int) int { return of[at] }

//go:noinline
func divide(a, by int) int { return a / by }

//go:noinline
func put(m map[string]int) { m["a"] = 1 }

//go:noinline
func recursion(n int) int { return recursion(n+1) + 1 }

func main() {
	how := ""
	if len(os.Args) > 1 {
		how = os.Args[1]
	}
	switch how {
	case "nil":
		println(deref(nil))
	case "index":
		println(index([]int{1, 2}, len(how)))
	case "divide":
		println(divide(1, len(how)-6))
	case "map":
		put(nil)
	case "panic":
		panic(errors.New("closed"))
	case "deadlock":
		<-make(chan int)
	case "stack":
		println(recursion(0))
	}
	os.Exit(2)
}
