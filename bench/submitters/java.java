// Fair: execute() makes no future; the tasks count a latch down. Ten runs of a tenth go before, after which the compiler has
// compiled all of it, as in any program that runs for a while.
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;

class Main {
    static final int SUBMITTERS = 4;

    static void submit(ForkJoinPool pool, int n, CountDownLatch left) {
        for (int i = 0; i < n; i++)
            pool.execute(() -> left.countDown());
    }

    static double run(ForkJoinPool pool, int each) throws InterruptedException {
        CountDownLatch left = new CountDownLatch(SUBMITTERS * each);
        long start = System.nanoTime();
        for (int i = 0; i < SUBMITTERS; i++)
            new Thread(() -> submit(pool, each, left)).start();
        left.await();
        return System.nanoTime() - start;
    }

    public static void main(String[] args) throws InterruptedException {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int each = (args.length > 1 ? Integer.parseInt(args[1]) : 1_000_000) / SUBMITTERS;
        for (int i = 0; i < 10; i++)
            run(pool, each / 10);
        System.out.println("ns_per_task " + run(pool, each) / (SUBMITTERS * each));
        for (int i = 0; i < 8; i++)
            run(pool, each);
        System.out.println("tenth_ns_per_task " + run(pool, each) / (SUBMITTERS * each));
    }
}
