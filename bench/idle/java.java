// Fair: a pool as Java makes it, with the runtime's own threads; 0.5 s go before in which those that look for work may stop.
// What reads the usage is compiled by then, so that it does not count for much itself.
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;

class Main {
    static final int TASKS = 1000, READINGS = 100;

    record Usage(double cpuMs, long switches) {
        /** Of all threads; that of the management interface counts in hundredths of a second. */
        static Usage now() throws IOException {
            double ns = 0;
            long switches = 0;
            try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
                for (Path thread : threads) {
                    ns += Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ")[0]);
                    for (String line : Files.readAllLines(thread.resolve("status")))
                        if (line.contains("voluntary_ctxt_switches:"))
                            switches += Long.parseLong(line.replaceAll("[^0-9]", ""));
                }
            }
            return new Usage(ns / 1e6, switches);
        }
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int seconds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        CountDownLatch left = new CountDownLatch(TASKS);
        for (int i = 0; i < TASKS; i++)
            pool.execute(() -> left.countDown());
        left.await();
        for (int i = 0; i < READINGS; i++)
            Usage.now();
        Thread.sleep(500);
        Usage before = Usage.now();
        Thread.sleep(seconds * 1000L);
        Usage after = Usage.now();
        System.out.println("cpu_ms " + (after.cpuMs - before.cpuMs));
        System.out.println("switches " + (after.switches - before.switches));
    }
}
