import io.trino.sql.parser.ParsingException;
import io.trino.sql.parser.SqlParser;
import io.trino.sql.tree.Query;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Base64;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Reads texts in base64, one a line, and prints two characters for each: is it a statement, is it
 * an expression? Q: a query, S: another statement, E: an expression, -: neither.
 */
public class Parses {
    private static final SqlParser PARSER = new SqlParser();

    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String text = new String(Base64.getDecoder().decode(line), UTF_8);
            System.out.println(statement(text) + expression(text));
        }
    }

    private static String statement(String text) {
        try {
            return PARSER.createStatement(text) instanceof Query ? "Q" : "S";
        } catch (ParsingException | StackOverflowError e) {
            return "-";
        }
    }

    private static String expression(String text) {
        try {
            PARSER.createExpression(text);
            return "E";
        } catch (ParsingException | StackOverflowError e) {
            return "-";
        }
    }
}
