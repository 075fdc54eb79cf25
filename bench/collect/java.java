// Fair: the ForkJoinTasks that submit() returns are kept and joined. Ten runs of a tenth go before, after which the compiler
// has compiled all of it, as in any program that runs for a while.
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;

class Main {
    static double collect(ForkJoinPool pool, int n) {
        List<ForkJoinTask<Integer>> tasks = new ArrayList<>(n);
        long start = System.nanoTime();
        for (int i = 0; i < n; i++) {
            int index = i;
            tasks.add(pool.submit(() -> index));
        }
        for (int i = 0; i < n; i++)
            if (tasks.get(i).join() != i)
                throw new IllegalStateException("wrong result of a task");
        return System.nanoTime() - start;
    }

    public static void main(String[] args) {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int n = args.length > 1 ? Integer.parseInt(args[1]) : 1_000_000;
        for (int i = 0; i < 10; i++)
            collect(pool, n / 10);
        System.out.println("ns_per_task " + collect(pool, n) / n);
        for (int i = 0; i < 8; i++)
            collect(pool, n);
        System.out.println("tenth_ns_per_task " + collect(pool, n) / n);
    }
}
