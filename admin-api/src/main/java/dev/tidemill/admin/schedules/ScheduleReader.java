package dev.tidemill.admin.schedules;

import java.io.StringReader;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/// Reads the text of one file. Every value is taken as the text that stands there: a date stays a date, a cron
/// expression what it is. Whatever is wrong names the file, the key and the line.
final class ScheduleReader {

    private static final Set<String> KEYS = new TreeSet<>(List.of(
            "job",
            "cron",
            "zone",
            "after",
            "workspace",
            "parameters",
            "misfire",
            "overlap",
            "except",
            "only-weekdays",
            "jitter",
            "priority",
            "paused",
            "description"));
    private static final List<String> OF_CRON = List.of("zone", "misfire", "except", "only-weekdays", "jitter");
    private static final Duration LONGEST_JITTER = Duration.ofDays(1);

    private final String file;
    private final Map<String, Node> values;

    private ScheduleReader(String file, Map<String, Node> values) {
        this.file = file;
        this.values = values;
    }

    /// @throws InvalidSchedule naming file, key and line
    static Schedule read(String name, String text) {
        String file = name + ".yaml";
        Node root;
        try {
            LoaderOptions options = new LoaderOptions();
            options.setAllowDuplicateKeys(false);
            root = new Yaml(new SafeConstructor(options)).compose(new StringReader(text));
        } catch (YAMLException e) {
            throw new InvalidSchedule(
                    file,
                    "",
                    "bad YAML: " + String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " "));
        }
        if (!(root instanceof MappingNode mapping)) {
            throw new InvalidSchedule(file, "", "holds no keys: begin with \"job: NAME\" and \"cron: 0 30 2 * * ?\"");
        }
        ScheduleReader reader = new ScheduleReader(file, Map.of());
        return new ScheduleReader(file, reader.entries(mapping, "")).schedule(name);
    }

    private Schedule schedule(String name) {
        for (Map.Entry<String, Node> entry : values.entrySet()) {
            if (!KEYS.contains(entry.getKey())) {
                throw wrong(
                        entry.getKey(),
                        entry.getValue(),
                        "is no key of a schedule: known are " + String.join(", ", KEYS));
            }
        }
        return new Schedule(
                name,
                required("job", "name the job to run, for example ingest"),
                timing(),
                text("workspace"),
                parameters(),
                choice("misfire", Schedule.Misfire.class, Schedule.Misfire.ONCE),
                choice("overlap", Schedule.Overlap.class, Schedule.Overlap.SKIP),
                jitter(),
                priority(),
                flag("paused"),
                text("description") == null ? "" : required("description", ""));
    }

    private Timing timing() {
        if (values.containsKey("cron") == values.containsKey("after")) {
            throw new InvalidSchedule(
                    file,
                    "cron",
                    "give either cron, for example \"0 30 2 * * ?\" for every day at 02:30, or after, for example"
                            + " {job: ingest, on: success}");
        }
        if (values.containsKey("after")) {
            for (String key : OF_CRON) {
                if (values.containsKey(key)) {
                    throw wrong(key, node(key), "goes with cron only, not with after");
                }
            }
            return after();
        }
        ZoneId zone = converted("zone", ZoneId.of("UTC"), ZoneId::of, "a time zone such as Europe/Berlin or UTC");
        List<Timing.Days> except = except();
        Timing.Cron cron;
        try {
            cron = Timing.Cron.of(required("cron", ""), zone, except, flag("only-weekdays"));
        } catch (IllegalArgumentException e) {
            throw wrong("cron", node("cron"), String.valueOf(e.getMessage()));
        }
        // A time that is over is no mistake; one that never was to come is.
        if (cron.next(Instant.EPOCH) == null) {
            throw wrong(
                    "cron",
                    node("cron"),
                    "\"" + cron.expression() + "\" with its exceptions never comes: check the dates");
        }
        return cron;
    }

    private Timing.After after() {
        ScheduleReader inner = nested("after", Set.of("job", "schedule", "on"));
        String job = inner.text("job");
        String schedule = inner.text("schedule");
        if ((job == null) == (schedule == null)) {
            throw wrong(
                    "after", node("after"), "name either a job or a schedule, for example {job: ingest, on: success}");
        }
        return new Timing.After(
                job, schedule, inner.choice("on", Timing.After.Outcome.class, Timing.After.Outcome.SUCCESS));
    }

    private ScheduleReader nested(String key, Set<String> known) {
        if (!(node(key) instanceof MappingNode mapping)) {
            throw wrong(key, node(key), "must hold keys: " + String.join(", ", new TreeSet<>(known)));
        }
        Map<String, Node> entries = entries(mapping, key + ".");
        entries.forEach((name, value) -> {
            if (!known.contains(name)) {
                throw wrong(
                        key + "." + name, value, "is unknown: known are " + String.join(", ", new TreeSet<>(known)));
            }
        });
        return new ScheduleReader(file, entries);
    }

    private Map<String, String> parameters() {
        if (!values.containsKey("parameters")) {
            return Map.of();
        }
        if (!(node("parameters") instanceof MappingNode mapping)) {
            throw wrong("parameters", node("parameters"), "must hold the job's parameters by name");
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        entries(mapping, "parameters.")
                .forEach((name, value) -> parameters.put(name, scalar("parameters." + name, value)));
        return parameters;
    }

    /// A date, or two with `to` or `..` between them.
    private List<Timing.Days> except() {
        if (!values.containsKey("except")) {
            return List.of();
        }
        if (!(node("except") instanceof SequenceNode sequence)) {
            throw wrong(
                    "except",
                    node("except"),
                    "must be a list of dates, for example [2026-12-24 .. 2026-12-26, 2027-01-01]");
        }
        List<Timing.Days> days = new ArrayList<>();
        for (Node entry : sequence.getValue()) {
            String text = scalar("except", entry);
            try {
                String[] ends = text.split("\\s*(\\.\\.|\\bto\\b)\\s*", 2);
                LocalDate first = LocalDate.parse(ends[0].strip());
                LocalDate last = ends.length == 1 ? first : LocalDate.parse(ends[1].strip());
                if (last.isBefore(first)) {
                    throw wrong("except", entry, "\"" + text + "\" ends before it begins");
                }
                days.add(new Timing.Days(first, last));
            } catch (DateTimeException e) {
                throw wrong(
                        "except", entry, "\"" + text + "\" is no date: use 2026-12-24, or 2026-12-24 .. 2026-12-26");
            }
        }
        return days;
    }

    private Duration jitter() {
        Duration jitter =
                converted("jitter", Duration.ZERO, DurationStyle::detectAndParse, "a duration such as 90s, 10m or 1h");
        if (jitter.isNegative() || jitter.compareTo(LONGEST_JITTER) > 0) {
            throw wrong("jitter", node("jitter"), "must lie between 0s and 24h");
        }
        return jitter;
    }

    private @Nullable Integer priority() {
        return values.containsKey("priority")
                ? converted("priority", 0, Integer::valueOf, "a whole number, for example 10 or -10")
                : null;
    }

    private <T> T converted(String key, T otherwise, Function<String, T> conversion, String expected) {
        String text = text(key);
        if (text == null) {
            return otherwise;
        }
        try {
            return conversion.apply(text);
        } catch (DateTimeException | IllegalArgumentException e) {
            throw wrong(key, node(key), "is \"" + text + "\": use " + expected);
        }
    }

    private <E extends Enum<E>> E choice(String key, Class<E> type, E otherwise) {
        String text = text(key);
        if (text == null) {
            return otherwise;
        }
        return Arrays.stream(type.getEnumConstants())
                .filter(one -> Words.of(one).equals(text))
                .findFirst()
                .orElseThrow(() -> wrong(
                        key,
                        node(key),
                        "is \"" + text + "\": use "
                                + Arrays.stream(type.getEnumConstants())
                                        .map(Words::of)
                                        .collect(Collectors.joining(", "))));
    }

    private boolean flag(String key) {
        String text = text(key);
        if (text == null) {
            return false;
        }
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(key, node(key), "is \"" + text + "\": use true or false");
        };
    }

    private String required(String key, String otherwise) {
        String text = text(key);
        if (text == null) {
            throw new InvalidSchedule(file, key, "is missing: " + otherwise);
        }
        return text;
    }

    private @Nullable String text(String key) {
        return values.containsKey(key) ? scalar(key, node(key)) : null;
    }

    private Node node(String key) {
        Node node = values.get(key);
        if (node == null) {
            throw new IllegalStateException("no value for " + key);
        }
        return node;
    }

    private String scalar(String key, Node node) {
        if (!(node instanceof ScalarNode scalar) || scalar.getTag().equals(Tag.NULL)) {
            throw wrong(key, node, "must be one value, not empty and not a list");
        }
        return scalar.getValue().strip();
    }

    private Map<String, Node> entries(MappingNode mapping, String prefix) {
        Map<String, Node> entries = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            String key = scalar(prefix + "key", tuple.getKeyNode());
            if (entries.put(key, tuple.getValueNode()) != null) {
                throw wrong(prefix + key, tuple.getKeyNode(), "stands there twice");
            }
        }
        return entries;
    }

    private InvalidSchedule wrong(String key, Node node, String what) {
        int line = node.getStartMark() == null ? 0 : node.getStartMark().getLine() + 1;
        return new InvalidSchedule(file, key + " (line " + line + ")", what);
    }
}
