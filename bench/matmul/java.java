// Fair: invokeAll() forks all but the first and calls that one; a row is an array, and the parts of b and c begin in the same
// column, so that the compiler makes vector instructions of the inner loop. Ten products of half the size go before, after
// which it has compiled all of it, as in any program that runs for a while.
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;

class Main {
    static final int LEAF = 32;

    /** A square part of a matrix, from the given row and column on. */
    record Square(int[][] matrix, int row, int column, int n) {
        Square quadrant(int i, int j) {
            return new Square(matrix, row + i * n / 2, column + j * n / 2, n / 2);
        }
    }

    static class Product extends RecursiveAction {
        final Square a, b, c;

        Product(Square a, Square b, Square c) {
            this.a = a;
            this.b = b;
            this.c = c;
        }

        protected void compute() {
            if (a.n <= LEAF) {
                multiplyLeaf();
                return;
            }
            for (int k = 0; k < 2; k++)
                invokeAll(part(0, k, 0), part(0, k, 1), part(1, k, 0), part(1, k, 1));
        }

        Product part(int i, int k, int j) {
            return new Product(a.quadrant(i, k), b.quadrant(k, j), c.quadrant(i, j));
        }

        void multiplyLeaf() {
            for (int i = 0; i < a.n; i++)
                for (int k = 0; k < a.n; k++)
                    addRow(a.matrix[a.row + i][a.column + k], b.matrix[b.row + k], c.matrix[c.row + i]);
        }

        void addRow(int factor, int[] from, int[] to) {
            int end = c.column + c.n;
            for (int j = c.column; j < end; j++)
                to[j] += factor * from[j];
        }
    }

    static Square matrix(int n, int modulus) {
        int[][] matrix = new int[n][n];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                matrix[i][j] = (i * n + j) % modulus;
        return new Square(matrix, 0, 0, n);
    }

    static boolean isRight(Square a, Square b, Square c, int i, int j) {
        int sum = 0;
        for (int k = 0; k < a.n; k++)
            sum += a.matrix[i][k] * b.matrix[k][j];
        return c.matrix[i][j] == sum;
    }

    static double run(ForkJoinPool pool, int n) {
        Square a = matrix(n, 13), b = matrix(n, 17), c = matrix(n, 1);
        long start = System.nanoTime();
        pool.invoke(new Product(a, b, c));
        long elapsed = System.nanoTime() - start;
        for (int i = 0; i < 64; i++)
            if (!isRight(a, b, c, i * 37 % n, i * 101 % n))
                throw new IllegalStateException("wrong product");
        return elapsed;
    }

    public static void main(String[] args) {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int n = args.length > 1 ? Integer.parseInt(args[1]) : 2048;
        for (int i = 0; i < 10; i++)
            run(pool, n / 2);
        System.out.println("ms " + run(pool, n) / 1e6);
    }
}
