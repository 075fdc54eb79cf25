// Fair: a RecursiveAction that keeps its result itself, which spares the boxes of a RecursiveTask. Ten runs of a tenth go
// before, after which the compiler has compiled all of it, as in any program that runs for a while.
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;

class Main {
    static class Fib extends RecursiveAction {
        int n;

        Fib(int n) {
            this.n = n;
        }

        protected void compute() {
            if (n < 2)
                return;
            Fib child = new Fib(n - 1), called = new Fib(n - 2);
            child.fork();
            called.compute();
            child.join();
            n = child.n + called.n;
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
        Fib fib = new Fib(n);
        pool.invoke(fib);
        long elapsed = System.nanoTime() - start;
        if (fib.n != fibonacci(n))
            throw new IllegalStateException("wrong result");
        return elapsed;
    }

    public static void main(String[] args) {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int n = args.length > 1 ? Integer.parseInt(args[1]) : 39;
        for (int i = 0; i < 10; i++)
            run(pool, n - 5);
        double ns = run(pool, n);
        System.out.println("ns_per_spawn " + ns / (fibonacci(n + 1) - 1));
        System.out.println("ms " + ns / 1e6);
    }
}
