// Fair: a goroutine at each end of a connection, which reads and writes as if that blocked. Go sets TCP_NODELAY itself.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const message, connections = 64, 64

func connect() (client, server net.Conn) {
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer door.Close()
	if client, err = net.Dial("tcp", door.Addr().String()); err != nil {
		log.Fatal(err)
	}
	if server, err = door.Accept(); err != nil {
		log.Fatal(err)
	}
	return client, server
}

func serve(conn net.Conn, ends *sync.WaitGroup) {
	defer ends.Done()
	defer conn.Close()
	buffer := make([]byte, message)
	for {
		n, err := conn.Read(buffer)
		if err == io.EOF {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		if _, err = conn.Write(buffer[:n]); err != nil {
			log.Fatal(err)
		}
	}
}

func ask(conn net.Conn, trips int, ends *sync.WaitGroup) {
	defer ends.Done()
	defer conn.Close()
	buffer := make([]byte, message)
	for i := 0; i < trips; i++ {
		if _, err := conn.Write(buffer); err != nil {
			log.Fatal(err)
		}
		if _, err := io.ReadFull(conn, buffer); err != nil {
			log.Fatal(err)
		}
	}
}

// Microseconds for each of some n messages that go there and back.
func echo(connections, n int) float64 {
	clients, servers := make([]net.Conn, connections), make([]net.Conn, connections)
	for i := range clients {
		clients[i], servers[i] = connect()
	}
	var ends sync.WaitGroup
	ends.Add(2 * connections)
	start := time.Now()
	for i := range clients {
		go serve(servers[i], &ends)
		go ask(clients[i], n/connections, &ends)
	}
	ends.Wait()
	return float64(time.Since(start).Nanoseconds()) / 1e3 / float64(n/connections*connections)
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	n := 100000
	if len(os.Args) > 2 {
		n, _ = strconv.Atoi(os.Args[2])
	}
	runtime.GOMAXPROCS(workers)
	echo(1, n/10)
	fmt.Println("one_us", echo(1, n))
	fmt.Println("sixty_four_us", echo(connections, n))
}
