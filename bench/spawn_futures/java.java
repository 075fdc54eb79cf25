// Fair: every child is a RecursiveTask, which is a Future. Ten runs of a tenth go before, after which the compiler has compiled
// all of it, as in any program that runs for a while.
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.RecursiveTask;

class Main {
    static class Fib extends RecursiveTask<Integer> {
        final int n;

        Fib(int n) {
            this.n = n;
        }

        protected Integer compute() {
            if (n < 2)
                return n;
            ForkJoinTask<Integer> child = new Fib(n - 1).fork();
            int called = new Fib(n - 2).compute();
            return child.join() + called;
        }
    }

    static int fibonacci(int n) {
        int a = 0, b = 1;
        for (int i = 0; i < n; i++) {
            int sum = a + b;
            a = b;
            b = sum;
        }
        return a;
    }

    static double run(ForkJoinPool pool, int n) {
        long start = System.nanoTime();
        int result = pool.invoke(new Fib(n));
        long elapsed = System.nanoTime() - start;
        if (result != fibonacci(n))
            throw new IllegalStateException("wrong result");
        return elapsed;
    }

    public static void main(String[] args) {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int n = args.length > 1 ? Integer.parseInt(args[1]) : 30;
        for (int i = 0; i < 10; i++)
            run(pool, n - 5);
        System.out.println("ns_per_spawn " + run(pool, n) / (fibonacci(n + 1) - 1));
    }
}
