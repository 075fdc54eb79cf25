// Fair: a parallel stream, which runs in the pool in which it is started. Ten runs of a tenth, serial ones too, go before,
// after which the compiler has compiled all of it, as in any program that runs for a while.
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

class Main {
    static double work(double x, int rounds) {
        while (rounds-- > 0)
            x = Math.sqrt(x * x + 1);
        return x;
    }

    static double[] data(int n) {
        double[] data = new double[n];
        Arrays.setAll(data, i -> i);
        return data;
    }

    static double time(Runnable loop) {
        long start = System.nanoTime();
        loop.run();
        return System.nanoTime() - start;
    }

    static double parallelOverSerial(ForkJoinPool pool, int n, IntUnaryOperator rounds) {
        double[] serial = data(n), parallel = data(n);
        double serialNs = time(() -> {
            for (int i = 0; i < n; i++)
                serial[i] = work(serial[i], rounds.applyAsInt(i));
        });
        double parallelNs = time(() -> pool.submit(() -> IntStream.range(0, n).parallel().forEach(i ->
            parallel[i] = work(parallel[i], rounds.applyAsInt(i)))).join());
        if (!Arrays.equals(serial, parallel))
            throw new IllegalStateException("wrong result");
        return parallelNs / serialNs;
    }

    static double warm(ForkJoinPool pool, int n, IntUnaryOperator rounds) {
        for (int i = 0; i < 10; i++)
            parallelOverSerial(pool, n / 10, rounds);
        return parallelOverSerial(pool, n, rounds);
    }

    public static void main(String[] args) {
        ForkJoinPool pool = new ForkJoinPool(Integer.parseInt(args[0]));
        int n = args.length > 1 ? Integer.parseInt(args[1]) : 10_000_000;
        System.out.println("even_over_serial " + warm(pool, n, i -> 8));
        System.out.println("growing_over_serial " + warm(pool, n, i -> (int) (1 + 15L * i / n)));
    }
}
