// Fair: execute() makes no future; the tasks count a latch down. Ten runs of a tenth go before, after which the compiler has
// compiled all of it, as in any program that runs for a while.
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;

class Main {
    static double fire(ForkJoinPool pool, int n) throws InterruptedException {
        CountDownLatch left = new CountDownLatch(n);
        long start = System.nanoTime();
        for (int i = 0; i < n; i++)
            pool.execute(() -> left.countDown());
        left.await();
        return System.nanoTime() - start;
    }

    public static void main(String[] args) throws InterruptedException {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int n = args.length > 1 ? Integer.parseInt(args[1]) : 1_000_000;
        for (int i = 0; i < 10; i++)
            fire(pool, n / 10);
        System.out.println("ns_per_task " + fire(pool, n) / n);
        for (int i = 0; i < 8; i++)
            fire(pool, n);
        System.out.println("tenth_ns_per_task " + fire(pool, n) / n);
    }
}
