// Fair: a channel for each board, with room for the results of those children that are goroutines. Go runs goroutines first in,
// first out, so that 14 queens would take most of a minute and gigabytes; the default here is 12.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"time"
)

const most = 16

var solutions = [most + 1]int{1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200, 73712, 365596, 2279184, 14772512}

// The column of the queen in each row.
type board [most]int8

func (queens *board) isLegal(row, column int) bool {
	for above := 0; above < row; above++ {
		other, distance := int(queens[above]), row-above
		if other == column || other+distance == column || other == column+distance {
			return false
		}
	}
	return true
}

func (queens *board) legal(row, n int) (columns [most]int8, count int) {
	for column := 0; column < n; column++ {
		if queens.isLegal(row, column) {
			columns[count] = int8(column)
			count++
		}
	}
	return
}

func (queens board) with(row int, column int8) board {
	queens[row] = column
	return queens
}

func place(queens board, row, n int) int {
	if row == n {
		return 1
	}
	columns, count := queens.legal(row, n)
	if count == 0 {
		return 0
	}
	return addChildren(queens, row, n, columns[:count])
}

func addChildren(queens board, row, n int, columns []int8) int {
	last := len(columns) - 1
	var results chan int
	if last > 0 {
		results = make(chan int, last)
	}
	for _, column := range columns[:last] {
		child := queens.with(row, column)
		go func() { results <- place(child, row+1, n) }()
	}
	sum := place(queens.with(row, columns[last]), row+1, n)
	for range columns[:last] {
		sum += <-results
	}
	return sum
}

// How many goroutines place() starts.
func spawns(queens board, row, n int) int {
	if row == n {
		return 0
	}
	columns, count := queens.legal(row, n)
	if count == 0 {
		return 0
	}
	sum := count - 1
	for _, column := range columns[:count] {
		sum += spawns(queens.with(row, column), row+1, n)
	}
	return sum
}

func run(n int) time.Duration {
	start := time.Now()
	found := place(board{}, 0, n)
	elapsed := time.Since(start)
	if found != solutions[n] {
		log.Fatal("wrong number of solutions")
	}
	return elapsed
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 12
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	if n > 2 {
		run(n - 2)
	}
	fmt.Println("ns_per_spawn", float64(run(n).Nanoseconds())/float64(spawns(board{}, 0, n)))
}
