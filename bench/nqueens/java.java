// Fair: RecursiveActions that keep their boards and results themselves, joined in the order opposite to that of forking. Ten
// runs of smaller boards go before, after which the compiler has compiled all of it, as in any program that runs for a while.
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;

class Main {
    static final int[] SOLUTIONS =
        {1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200, 73712, 365596, 2279184, 14772512};

    static class Board extends RecursiveAction {
        final byte[] queens;
        final int row;
        int solutions;

        /** The board above with a queen in the row before. */
        Board(byte[] queens, int row) {
            this.queens = queens;
            this.row = row;
        }

        boolean isLegal(int column) {
            for (int above = 0; above < row; above++) {
                int other = queens[above], distance = row - above;
                if (other == column || other + distance == column || other == column + distance)
                    return false;
            }
            return true;
        }

        Board withQueen(int column) {
            byte[] next = queens.clone();
            next[row] = (byte) column;
            return new Board(next, row + 1);
        }

        protected void compute() {
            if (row == queens.length)
                solutions = 1;
            else
                addChildren();
        }

        void addChildren() {
            Board[] forked = new Board[queens.length];
            Board last = null;
            int count = 0;
            for (int column = 0; column < queens.length; column++) {
                if (!isLegal(column))
                    continue;
                if (last != null) {
                    last.fork();
                    forked[count++] = last;
                }
                last = withQueen(column);
            }
            if (last == null)
                return;
            last.compute();
            solutions = last.solutions;
            while (count > 0) {
                Board child = forked[--count];
                child.join();
                solutions += child.solutions;
            }
        }
    }

    static double run(ForkJoinPool pool, int n) {
        long start = System.nanoTime();
        Board empty = new Board(new byte[n], 0);
        pool.invoke(empty);
        long elapsed = System.nanoTime() - start;
        if (empty.solutions != SOLUTIONS[n])
            throw new IllegalStateException("wrong number of solutions");
        return elapsed;
    }

    public static void main(String[] args) {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int n = args.length > 1 ? Integer.parseInt(args[1]) : 14;
        for (int i = 0; i < 10; i++)
            run(pool, Math.max(n - 2, 0));
        System.out.println("ms " + run(pool, n) / 1e6);
    }
}
