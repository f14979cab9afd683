import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Prints the tables by which HyperLogLog estimates are corrected: bits, what was measured, biases. */
public class Biases {
    private static final int FEWEST_BITS = 4;

    public static void main(String[] arguments) throws ReflectiveOperationException {
        double[][] estimates = table("RAW_ESTIMATES");
        double[][] biases = table("BIAS");
        for (int i = 0; i < estimates.length; i++) {
            System.out.println((FEWEST_BITS + i) + "\t" + text(estimates[i]) + "\t" + text(biases[i]));
        }
    }

    private static double[][] table(String name) throws ReflectiveOperationException {
        Field field = Class.forName("io.airlift.stats.cardinality.BiasCorrection").getField(name);
        field.setAccessible(true);
        return (double[][]) field.get(null);
    }

    private static String text(double[] values) {
        return Arrays.stream(values).mapToObj(Double::toString).collect(Collectors.joining(" "));
    }
}
