package dev.tidemill.run;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A parameter that a job declares. Values are kept in clear, so none may be a secret.
///
/// @param required whether a launch must give it; one with a default is not
/// @param defaultValue taken when a launch gives none, null for none
/// @param choices the values of a CHOICE, otherwise empty
public record JobParameter(
        String name,
        Type type,
        boolean required,
        @Nullable String defaultValue,
        List<String> choices,
        String description) {

    /// What the job repository can hold.
    private static final int LONGEST = 2500;

    /// How a value is written.
    public enum Type {
        TEXT,
        CHOICE,
        BOOLEAN,
        INTEGER,
        DURATION,
        DATE,
        TIMESTAMP
    }

    public JobParameter {
        choices = List.copyOf(choices);
    }

    public static JobParameter text(String name, String description) {
        return new JobParameter(name, Type.TEXT, true, null, List.of(), description);
    }

    public static JobParameter choice(String name, List<String> choices, String description) {
        return new JobParameter(name, Type.CHOICE, true, null, choices, description);
    }

    public static JobParameter flag(String name, String description) {
        return new JobParameter(name, Type.BOOLEAN, false, "false", List.of(), description);
    }

    public static JobParameter of(String name, Type type, String description) {
        return new JobParameter(name, type, true, null, List.of(), description);
    }

    public JobParameter orElse(String value) {
        return new JobParameter(name, type, false, value, choices, description);
    }

    public JobParameter optional() {
        return new JobParameter(name, type, false, defaultValue, choices, description);
    }

    /// The value as it is kept.
    ///
    /// @throws InvalidParameter saying what is wrong with it
    String check(String given) {
        if (given.indexOf('\0') >= 0) {
            throw new InvalidParameter(name, name + " holds a NUL character: leave it out");
        }
        if (given.length() > LONGEST) {
            throw new InvalidParameter(
                    name, name + " has " + given.length() + " characters: at most " + LONGEST + " are kept");
        }
        try {
            return switch (type) {
                case TEXT -> {
                    if (required && given.isBlank()) {
                        throw new InvalidParameter(name, name + " is empty: " + description);
                    }
                    yield given;
                }
                case CHOICE -> {
                    if (!choices.contains(given)) {
                        throw new InvalidParameter(
                                name, name + " is \"" + given + "\": use " + String.join(", ", choices));
                    }
                    yield given;
                }
                case BOOLEAN -> {
                    String lower = given.toLowerCase(Locale.ROOT);
                    if (!lower.equals("true") && !lower.equals("false")) {
                        throw new InvalidParameter(name, name + " is \"" + given + "\": use true or false");
                    }
                    yield lower;
                }
                case INTEGER -> Long.toString(Long.parseLong(given));
                case DURATION ->
                    org.springframework.boot.convert.DurationStyle.detectAndParse(given)
                            .toString();
                case DATE -> LocalDate.parse(given).toString();
                case TIMESTAMP -> Instant.parse(given).toString();
            };
        } catch (InvalidParameter e) {
            throw e;
        } catch (DateTimeException | IllegalArgumentException e) {
            throw new InvalidParameter(name, name + " is \"" + given + "\": use " + example());
        }
    }

    private String example() {
        return switch (type) {
            case INTEGER -> "a whole number, for example 100";
            case DURATION -> "a duration, for example 90s, 15m or PT2H";
            case DATE -> "a date, for example 2026-03-01";
            case TIMESTAMP -> "a time in UTC, for example 2026-03-01T02:00:00Z";
            case TEXT, CHOICE, BOOLEAN -> String.join(", ", choices);
        };
    }

    static Duration duration(String kept) {
        return Duration.parse(kept);
    }
}
