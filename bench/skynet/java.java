// Fair: RecursiveActions that keep their results themselves, joined in the order opposite to that of forking. Ten runs of a
// tenth go before, after which the compiler has compiled all of it, as in any program that runs for a while.
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;

class Main {
    static final int CHILDREN = 10;

    static class Skynet extends RecursiveAction {
        final long first, leaves;
        long sum;

        Skynet(long first, long leaves) {
            this.first = first;
            this.leaves = leaves;
        }

        protected void compute() {
            if (leaves == 1)
                sum = first;
            else
                addChildren(leaves / CHILDREN);
        }

        void addChildren(long below) {
            Skynet[] forked = new Skynet[CHILDREN - 1];
            for (int i = 0; i < forked.length; i++) {
                forked[i] = new Skynet(first + i * below, below);
                forked[i].fork();
            }
            Skynet called = new Skynet(first + forked.length * below, below);
            called.compute();
            sum = called.sum;
            for (int i = forked.length - 1; i >= 0; i--) {
                forked[i].join();
                sum += forked[i].sum;
            }
        }
    }

    static double run(ForkJoinPool pool, long leaves) {
        long start = System.nanoTime();
        Skynet root = new Skynet(0, leaves);
        pool.invoke(root);
        long elapsed = System.nanoTime() - start;
        if (root.sum != leaves * (leaves - 1) / 2)
            throw new IllegalStateException("wrong sum");
        return elapsed;
    }

    public static void main(String[] args) {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int depth = args.length > 1 ? Integer.parseInt(args[1]) : 8;
        long leaves = Math.round(Math.pow(CHILDREN, depth));
        for (int i = 0; i < 10; i++)
            run(pool, Math.max(leaves / CHILDREN, 1));
        System.out.println("ms " + run(pool, leaves) / 1e6);
    }
}
