import io.trino.FeaturesConfig;
import io.trino.client.NodeVersion;
import io.trino.metadata.SystemFunctionBundle;
import io.trino.spi.function.FunctionMetadata;
import io.trino.spi.function.LongVariableConstraint;
import io.trino.spi.function.Signature;
import io.trino.spi.function.TypeVariableConstraint;
import io.trino.spi.type.TypeOperators;
import io.trino.type.BlockTypeOperators;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Prints every function and operator that Trino declares, a line for each of its names. */
public class Signatures {
    public static void main(String[] arguments) {
        TypeOperators operators = new TypeOperators();
        SystemFunctionBundle.create(
                        new FeaturesConfig(),
                        operators,
                        new BlockTypeOperators(operators),
                        NodeVersion.UNKNOWN)
                .getFunctions()
                .stream()
                .flatMap(Signatures::lines)
                .sorted()
                .forEach(System.out::println);
    }

    private static Stream<String> lines(FunctionMetadata function) {
        Signature signature = function.getSignature();
        String types = joined(signature.getArgumentTypes(), Object::toString, "|");
        String nullable =
                joined(function.getFunctionNullability().getArgumentNullable(), x -> x ? "1" : "0", "");
        return function.getNames().stream()
                .map(name -> String.join(
                        "\t",
                        name,
                        function.getKind().toString(),
                        types + (signature.isVariableArity() ? "|..." : ""),
                        signature.getReturnType().toString(),
                        joined(signature.getTypeVariableConstraints(), Signatures::text, ";"),
                        joined(signature.getLongVariableConstraints(), Signatures::text, ";"),
                        nullable + (function.getFunctionNullability().isReturnNullable() ? ">1" : ">0"),
                        function.isDeterministic() ? "" : "nondeterministic",
                        function.isHidden() ? "hidden" : "",
                        function.getCanonicalName()));
    }

    private static String text(TypeVariableConstraint one) {
        return one.getName()
                + (one.isComparableRequired() ? ":comparable" : "")
                + (one.isOrderableRequired() ? ":orderable" : "")
                + one.getVariadicBound().map(bound -> ":" + bound).orElse("")
                + (one.getCastableTo().isEmpty() ? "" : ":castable_to " + one.getCastableTo())
                + (one.getCastableFrom().isEmpty() ? "" : ":castable_from " + one.getCastableFrom());
    }

    private static String text(LongVariableConstraint one) {
        return one.getName() + "=" + one.getExpression();
    }

    private static <T> String joined(
            List<T> parts, java.util.function.Function<T, String> text, String between) {
        return parts.stream().map(text).collect(Collectors.joining(between));
    }
}
