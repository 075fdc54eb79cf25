// Fair: submit() and join(). The back-to-back trips go before once, after which the compiler has compiled all of it, as in any
// program that runs for a while. sleep() knows only milliseconds here, parkNanos() is exact.
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.locks.LockSupport;

class Main {
    static final int PAUSE_NS = 200_000, READINGS = 100;

    /** Microseconds that each trip takes. */
    static double[] trips(ForkJoinPool pool, int n, int pauseNs) {
        double[] us = new double[n];
        for (int i = 0; i < n; i++) {
            int index = i;
            LockSupport.parkNanos(pauseNs);
            long start = System.nanoTime();
            if (pool.submit(() -> index).join() != index)
                throw new IllegalStateException("wrong result of a task");
            us[i] = (System.nanoTime() - start) / 1e3;
        }
        return us;
    }

    static void print(String name, double[] us) {
        Arrays.sort(us);
        System.out.println(name + "_us " + us[us.length / 2]);
        System.out.println(name + "_p99_us " + us[us.length * 99 / 100]);
    }

    /** Of all threads; that of the management interface counts in hundredths of a second. Cheap once it is compiled. */
    static double cpuMicroseconds() throws IOException {
        double ns = 0;
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path thread : threads)
                ns += Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ")[0]);
        }
        return ns / 1e3;
    }

    public static void main(String[] args) throws IOException {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int n = args.length > 1 ? Integer.parseInt(args[1]) : 20_000;
        trips(pool, n, 0);
        print("back_to_back", trips(pool, n, 0));
        for (int i = 0; i < READINGS; i++)
            cpuMicroseconds();
        double before = cpuMicroseconds();
        double[] paused = trips(pool, n / 20, PAUSE_NS);
        double cpu = cpuMicroseconds() - before;
        print("paused", paused);
        System.out.println("paused_cpu_us " + cpu / paused.length);
    }
}
