// Fair: Go's semaphore is a channel with room for the permits; its library has no other.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

func play(mine <-chan struct{}, next chan<- struct{}, turns int, players *sync.WaitGroup) {
	for i := 0; i < turns; i++ {
		<-mine
		next <- struct{}{}
	}
	players.Done()
}

// Nanoseconds that each of some n hand-offs takes.
func pass(players, n int) float64 {
	turns := make([]chan struct{}, players)
	for i := range turns {
		turns[i] = make(chan struct{}, 1)
	}
	var ends sync.WaitGroup
	ends.Add(players)
	start := time.Now()
	for i := range turns {
		go play(turns[i], turns[(i+1)%players], n/players, &ends)
	}
	turns[0] <- struct{}{}
	ends.Wait()
	return float64(time.Since(start).Nanoseconds()) / float64(n/players*players)
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 1000000
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	pass(2, n/10)
	fmt.Println("two_ns", pass(2, n))
	fmt.Println("hundred_ns", pass(100, n))
}
