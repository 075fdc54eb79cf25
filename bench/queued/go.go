// Fair: the goroutines of ../collect/go.go. Go has no workers that a goroutine could block, so each waits at the gate itself.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"strings"
)

func submit(i int, gate <-chan struct{}) <-chan int {
	result := make(chan int, 1)
	go func() {
		<-gate
		result <- i
	}()
	return result
}

func residentBytes() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, found, _ := strings.Cut(string(status), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(found)[0])
	if err != nil {
		log.Fatal(err)
	}
	return float64(kb) * 1024
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 1000000
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	gate := make(chan struct{})
	before := residentBytes()
	results := make([]<-chan int, n)
	for i := range results {
		results[i] = submit(i, gate)
	}
	fmt.Println("bytes_per_task", (residentBytes()-before)/float64(n))
	close(gate)
	for i, result := range results {
		if <-result != i {
			log.Fatal("wrong result of a task")
		}
	}
}
