// Fair: three goroutines and a call for each phase, counted by a WaitGroup; rows are slices, so that the inner loop needs no
// checks.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const leaf = 32

// A square part of a matrix, from its first element on.
type square struct {
	elements  []int32
	n, stride int
}

func (whole square) quadrant(row, column int) square {
	half := whole.n / 2
	return square{whole.elements[(row*whole.stride+column)*half:], half, whole.stride}
}

func (square square) row(i int) []int32 {
	return square.elements[i*square.stride:][:square.n]
}

func multiplyLeaf(a, b, c square) {
	for i := 0; i < a.n; i++ {
		sums := c.row(i)
		for k, factor := range a.row(i) {
			row := b.row(k)[:len(sums)]
			for j := range sums {
				sums[j] += factor * row[j]
			}
		}
	}
}

// Adds a * b to c.
func multiply(a, b, c square) {
	if a.n <= leaf {
		multiplyLeaf(a, b, c)
		return
	}
	addProducts(a, b, c, 0)
	addProducts(a, b, c, 1)
}

func addProducts(a, b, c square, k int) {
	var left sync.WaitGroup
	left.Add(3)
	for quadrant := 0; quadrant < 3; quadrant++ {
		i, j := quadrant/2, quadrant%2
		go func() {
			multiply(a.quadrant(i, k), b.quadrant(k, j), c.quadrant(i, j))
			left.Done()
		}()
	}
	multiply(a.quadrant(1, k), b.quadrant(k, 1), c.quadrant(1, 1))
	left.Wait()
}

func matrix(n, modulus int) square {
	elements := make([]int32, n*n)
	for i := range elements {
		elements[i] = int32(i % modulus)
	}
	return square{elements, n, n}
}

func isRight(a, b, c square, i, j int) bool {
	sum := int32(0)
	for k := 0; k < a.n; k++ {
		sum += a.row(i)[k] * b.row(k)[j]
	}
	return c.row(i)[j] == sum
}

func run(n int) time.Duration {
	a, b, c := matrix(n, 13), matrix(n, 17), matrix(n, 1)
	start := time.Now()
	multiply(a, b, c)
	elapsed := time.Since(start)
	for i := 0; i < 64; i++ {
		if !isRight(a, b, c, i*37%n, i*101%n) {
			log.Fatal("wrong product")
		}
	}
	return elapsed
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 2048
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	run(n / 2)
	fmt.Println("ms", run(n).Seconds()*1e3)
}
