// Fair: a goroutine for each chunk of about a millisecond, counted by a WaitGroup; Go has no parallel loop of its own. Serial
// and parallel loops call the same function for a chunk.
package main

import (
	"fmt"
	"log"
	"math"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const chunk = 10000

func work(x float64, rounds int) float64 {
	for ; rounds > 0; rounds-- {
		x = math.Sqrt(x*x + 1)
	}
	return x
}

func even(data []float64, begin, n int) {
	for i := range data {
		data[i] = work(data[i], 8)
	}
}

func growing(data []float64, begin, n int) {
	for i := range data {
		data[i] = work(data[i], 1+15*(begin+i)/n)
	}
}

func parallel(loop func([]float64, int, int), data []float64) {
	n := len(data)
	var left sync.WaitGroup
	for begin := 0; begin < n; begin += chunk {
		begin, end := begin, begin+chunk
		if end > n {
			end = n
		}
		left.Add(1)
		go func() {
			loop(data[begin:end], begin, n)
			left.Done()
		}()
	}
	left.Wait()
}

func numbers(n int) []float64 {
	data := make([]float64, n)
	for i := range data {
		data[i] = float64(i)
	}
	return data
}

func parallelOverSerial(loop func([]float64, int, int), n int) float64 {
	expected, data := numbers(n), numbers(n)
	start := time.Now()
	loop(expected, 0, n)
	serial := time.Since(start)
	start = time.Now()
	parallel(loop, data)
	elapsed := time.Since(start)
	for i := range data {
		if data[i] != expected[i] {
			log.Fatal("wrong result")
		}
	}
	return elapsed.Seconds() / serial.Seconds()
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 10000000
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	parallelOverSerial(even, n/10)
	fmt.Println("even_over_serial", parallelOverSerial(even, n))
	fmt.Println("growing_over_serial", parallelOverSerial(growing, n))
}
