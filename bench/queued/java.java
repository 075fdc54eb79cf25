// Fair: the tasks of ../collect/java.java, in a heap of default size with the default collector.
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;

class Main {
    static double residentBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status")))
            if (line.startsWith("VmRSS:"))
                return Double.parseDouble(line.replaceAll("[^0-9]", "")) * 1024;
        throw new IOException("no VmRSS");
    }

    static Void block(CountDownLatch blocked, CountDownLatch gate) throws InterruptedException {
        blocked.countDown();
        gate.await();
        return null;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        int workers = Integer.parseInt(args[0]);
        int n = args.length > 1 ? Integer.parseInt(args[1]) : 1_000_000;
        ForkJoinPool pool = new ForkJoinPool(workers);
        CountDownLatch blocked = new CountDownLatch(workers), gate = new CountDownLatch(1);
        for (int i = 0; i < workers; i++)
            pool.submit(() -> block(blocked, gate));
        blocked.await();
        double before = residentBytes();
        List<ForkJoinTask<Integer>> tasks = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            int index = i;
            tasks.add(pool.submit(() -> index));
        }
        System.out.println("bytes_per_task " + (residentBytes() - before) / n);
        gate.countDown();
        for (int i = 0; i < n; i++)
            if (tasks.get(i).join() != i)
                throw new IllegalStateException("wrong result of a task");
    }
}
