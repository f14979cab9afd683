import io.trino.spi.type.TimeZoneKey;
import java.time.Instant;
import java.time.ZoneId;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneOffsetTransitionRule;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.joda.time.DateTimeZone;

/**
 * Prints the zones that Trino knows and what their clocks show: the file zones_476.tsv, which the
 * local Athena reads (`values/zones.py` says how).
 *
 * Trino asks two libraries: Joda-Time computes, java.time reads and writes texts. Where they
 * disagree the offset is "?". Run it with the jars of Trino's lib folder on the class path.
 */
public class Zones {
    // Both libraries are compared up to here; what repeats every year repeats for ever.
    private static final long END = Instant.parse("2500-01-01T00:00:00Z").getEpochSecond();
    private static final long START = Instant.parse("1700-01-01T00:00:00Z").getEpochSecond();

    public static void main(String[] arguments) {
        Map<String, List<String>> alike = new TreeMap<>();
        TreeSet<String> ids = new TreeSet<>();
        TimeZoneKey.getTimeZoneKeys().forEach(key -> ids.add(key.getId()));
        for (String id : ids) {
            if (!id.startsWith("+") && !id.startsWith("-")) {
                alike.computeIfAbsent(history(id), any -> new ArrayList<>()).add(named(id));
            }
        }
        alike.forEach((history, names) -> System.out.println(String.join(" ", names) + "\t" + history));
        printOthers(ZoneId.getAvailableZoneIds(), ids, "java");
        printOthers(DateTimeZone.getAvailableIDs(), ids, "joda");
    }

    /** Names that a library knows, and Trino does not. */
    private static void printOthers(Set<String> known, Set<String> ids, String library) {
        List<String> others = new ArrayList<>();
        new TreeSet<>(known).stream().filter(id -> !ids.contains(id)).forEach(id -> others.add(named(id)));
        System.out.println(String.join(" ", others) + "\t" + library);
    }

    /** With the name by which Joda-Time knows it, where that is another. */
    private static String named(String id) {
        if (!DateTimeZone.getAvailableIDs().contains(id)) {
            return id;
        }
        String name = DateTimeZone.forID(id).getID();
        return name.equals(id) ? id : id + "=" + name;
    }

    /** The offsets, the changes between them (the first offset holds before all), the yearly ones. */
    private static String history(String id) {
        DateTimeZone joda = DateTimeZone.forID(id);
        ZoneRules java = ZoneId.of(id).getRules();
        List<String> offsets = new ArrayList<>(List.of(agreed(joda, java, START)));
        List<String> changes = new ArrayList<>();
        long ruled = ruledFrom(java);
        boolean repeats = true;
        String before = offsets.get(0);
        long last = 0;
        for (long at : changesOf(joda, java)) {
            String now = agreed(joda, java, at);
            repeats = repeats && (at < ruled || !now.equals("?"));
            if ((at < ruled || !repeats) && !now.equals(before)) {
                if (!offsets.contains(now)) {
                    offsets.add(now);
                }
                changes.add(span(at - last) + (char) ('A' + offsets.indexOf(now)));
                before = now;
                last = at;
            }
            if (!repeats) {
                break;
            }
        }
        List<String> yearly = new ArrayList<>();
        if (repeats) {
            java.getTransitionRules().forEach(rule -> yearly.add(yearly(rule)));
        }
        return String.join(" ", offsets) + "\t" + String.join(" ", changes) + "\t" + String.join(" ", yearly);
    }

    private static TreeSet<Long> changesOf(DateTimeZone joda, ZoneRules java) {
        TreeSet<Long> changes = new TreeSet<>();
        long at = START * 1000;
        for (long next = joda.nextTransition(at); next != at && next < END * 1000; next = joda.nextTransition(at)) {
            // Joda-Time ends some days a millisecond early: that second is left open.
            changes.add(Math.floorDiv(next, 1000L));
            changes.add(Math.floorDiv(next + 999, 1000L));
            at = next;
        }
        for (ZoneOffsetTransition next = java.nextTransition(Instant.ofEpochSecond(START));
                next != null && next.toEpochSecond() < END;
                next = java.nextTransition(next.getInstant())) {
            changes.add(next.toEpochSecond());
        }
        return changes;
    }

    private static long ruledFrom(ZoneRules java) {
        if (java.getTransitionRules().isEmpty()) {
            return Long.MAX_VALUE;
        }
        return java.getTransitions().getLast().toEpochSecond() + 1;
    }

    private static String agreed(DateTimeZone joda, ZoneRules java, long second) {
        int one = joda.getOffset(second * 1000) / 1000;
        int end = joda.getOffset(second * 1000 + 999) / 1000;
        int other = java.getOffset(Instant.ofEpochSecond(second)).getTotalSeconds();
        return one == other && one == end ? Integer.toString(one) : "?";
    }

    /** In quarters of an hour if they are whole, else in seconds after a plus sign. */
    private static String span(long seconds) {
        return seconds % 900 == 0 ? Long.toString(seconds / 900, 36) : "+" + Long.toString(seconds, 36);
    }

    /** month,day,weekday,seconds after that day's midnight in UTC,offset from then on. */
    private static String yearly(ZoneOffsetTransitionRule rule) {
        long seconds = rule.getLocalTime().toSecondOfDay() + (rule.isMidnightEndOfDay() ? 86_400 : 0);
        switch (rule.getTimeDefinition()) {
            case WALL -> seconds -= rule.getOffsetBefore().getTotalSeconds();
            case STANDARD -> seconds -= rule.getStandardOffset().getTotalSeconds();
            case UTC -> { }
        }
        return rule.getMonth().getValue() + "," + rule.getDayOfMonthIndicator() + ","
                + (rule.getDayOfWeek() == null ? 0 : rule.getDayOfWeek().getValue()) + ","
                + seconds + "," + rule.getOffsetAfter().getTotalSeconds();
    }
}
