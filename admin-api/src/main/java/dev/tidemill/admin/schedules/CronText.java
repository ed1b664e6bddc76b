package dev.tidemill.admin.schedules;

import java.text.ParseException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.quartz.CronExpression;

/// Reads a cron expression as people write it: Quartz's six or seven fields, or the five of a crontab.
final class CronText {

    private static final List<String> FIELDS =
            List.of("seconds", "minutes", "hours", "day of month", "month", "day of week", "year");
    private static final List<String> RANGES = List.of(
            "0-59, for example 0",
            "0-59, for example 30 or 0/15",
            "0-23, for example 2 or 8-18",
            "1-31, L or ?, for example 1 or ?",
            "1-12 or JAN-DEC, for example * or 1,7",
            "1-7 (1 is Sunday) or SUN-SAT or ?, for example MON-FRI or ?",
            "1970-2099, for example 2027");
    private static final List<String> NEUTRAL = List.of("0", "0", "0", "*", "*", "?", "*");
    private static final int DAY_OF_MONTH = 3;
    private static final int DAY_OF_WEEK = 5;
    private static final List<String> DAYS = List.of("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN");
    private static final Pattern NUMBER = Pattern.compile("\\d+");

    private CronText() {}

    /// The expression in Quartz's syntax.
    ///
    /// @throws IllegalArgumentException saying which field is wrong, with an example
    static String normalize(String text) {
        String[] fields = text.strip().split("\\s+", -1);
        String[] quartz = switch (fields.length) {
            case 5 -> fromCrontab(fields);
            case 6, 7 -> fields;
            default ->
                throw new IllegalArgumentException("\"" + text.strip() + "\" has " + fields.length
                        + " fields: give seconds minutes hours day-of-month month day-of-week [year], for example"
                        + " \"0 30 2 * * ?\" for every day at 02:30, or the five of a crontab, \"30 2 * * *\"");
        };
        for (int field = 0; field < quartz.length; field++) {
            checkField(field, quartz[field]);
        }
        if (quartz[DAY_OF_MONTH].equals("?") == quartz[DAY_OF_WEEK].equals("?")) {
            throw new IllegalArgumentException("day of month is \"" + quartz[DAY_OF_MONTH] + "\" and day of week \""
                    + quartz[DAY_OF_WEEK] + "\": exactly one of the two must be ?, for example \"0 30 2 ? * MON-FRI\"");
        }
        String expression = String.join(" ", quartz);
        parse(expression);
        return expression;
    }

    static CronExpression parse(String expression) {
        try {
            return new CronExpression(expression);
        } catch (ParseException e) {
            throw new IllegalArgumentException("\"" + expression + "\" cannot be read: " + e.getMessage(), e);
        }
    }

    /// Alone among neutral ones, a field that is refused is the wrong one.
    private static void checkField(int field, String value) {
        String[] fields = NEUTRAL.toArray(String[]::new);
        if (field == DAY_OF_WEEK) {
            fields[DAY_OF_MONTH] = value.equals("?") ? "*" : "?";
        } else if (field == DAY_OF_MONTH && value.equals("?")) {
            fields[DAY_OF_WEEK] = "*";
        }
        fields[field] = value;
        try {
            new CronExpression(String.join(" ", fields));
        } catch (ParseException | IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the field " + FIELDS.get(field) + " is \"" + value + "\" (" + e.getMessage() + "): use "
                            + RANGES.get(field),
                    e);
        }
    }

    private static String[] fromCrontab(String[] five) {
        String day = five[2];
        String weekday = five[4];
        if (!day.equals("*") && !weekday.equals("*")) {
            throw new IllegalArgumentException("day of month is \"" + day + "\" and day of week \"" + weekday
                    + "\": a crontab would run on either, which Quartz's syntax cannot say; make two schedules of it");
        }
        if (weekday.contains("/")
                || weekday.contains("#")
                || weekday.toUpperCase(java.util.Locale.ROOT).contains("L")) {
            throw new IllegalArgumentException(
                    "day of week is \"" + weekday
                            + "\": in five fields use days and ranges only, for example 1-5 or MON,THU, or write Quartz's six fields");
        }
        return new String[] {
            "0", five[0], five[1], weekday.equals("*") ? day : "?", five[3], weekday.equals("*") ? "?" : named(weekday)
        };
    }

    /// A crontab counts days from Sunday 0, Quartz from Sunday 1: names mean the same in both.
    private static String named(String weekday) {
        return NUMBER.matcher(weekday).replaceAll(CronText::name);
    }

    private static String name(java.util.regex.MatchResult number) {
        int day = number.group().length() > 1 ? DAYS.size() : Integer.parseInt(number.group());
        if (day >= DAYS.size()) {
            throw new IllegalArgumentException(
                    "the field day of week is \"" + number.group() + "\": in five fields use 0-7 (0 and 7 are Sunday)");
        }
        return Matcher.quoteReplacement(DAYS.get(day));
    }
}
