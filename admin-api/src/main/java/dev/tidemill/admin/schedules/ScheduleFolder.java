package dev.tidemill.admin.schedules;

import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Jobs;
import dev.tidemill.run.UnknownJob;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The files of a folder, each valid in itself and all of them together.
final class ScheduleFolder {

    private static final String ENDING = ".yaml";
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,99}");

    private ScheduleFolder() {}

    /// @param text of the file
    record Entry(Schedule schedule, String text) {}

    /// @throws InvalidSchedule for the first file that cannot be used
    static List<Entry> read(Path folder, Jobs jobs) {
        List<Entry> entries = new ArrayList<>();
        for (Path file : files(folder)) {
            String fileName = file.getFileName().toString();
            String name = fileName.substring(0, fileName.length() - ENDING.length());
            if (!NAME.matcher(name).matches()) {
                throw new InvalidSchedule(
                        fileName,
                        "",
                        "use lower-case letters, digits, dots, dashes and underscores in the name of the file");
            }
            String text = text(file, fileName);
            Schedule schedule = ScheduleReader.read(name, text);
            check(schedule, jobs);
            entries.add(new Entry(schedule, text));
        }
        checkTogether(entries.stream().map(Entry::schedule).toList(), jobs);
        return entries;
    }

    private static List<Path> files(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> file.getFileName().toString().endsWith(ENDING))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    private static String text(Path file, String fileName) {
        try {
            return Files.readString(file);
        } catch (MalformedInputException e) {
            throw new InvalidSchedule(fileName, "", "is not UTF-8");
        } catch (IOException e) {
            throw new InvalidSchedule(fileName, "", "cannot be read (" + e.getMessage() + ")");
        }
    }

    static void check(Schedule schedule, Jobs jobs) {
        String file = schedule.name() + ENDING;
        try {
            jobs.check(schedule.job(), schedule.parameters());
        } catch (UnknownJob e) {
            throw new InvalidSchedule(file, "job", String.valueOf(e.getMessage()));
        } catch (InvalidParameter e) {
            throw new InvalidSchedule(file, "parameters." + e.parameter(), String.valueOf(e.getMessage()));
        }
    }

    /// What is named exists, and no schedule hangs on itself, be it over others.
    private static void checkTogether(List<Schedule> schedules, Jobs jobs) {
        Map<String, Schedule> byName = new LinkedHashMap<>();
        schedules.forEach(schedule -> byName.put(schedule.name(), schedule));
        for (Schedule schedule : schedules) {
            Timing.After after = schedule.after();
            if (after == null) {
                continue;
            }
            if (after.schedule() != null && !byName.containsKey(after.schedule())) {
                throw new InvalidSchedule(
                        schedule.name() + ENDING,
                        "after.schedule",
                        "there is no schedule \"" + after.schedule() + "\"");
            }
            if (after.job() != null) {
                try {
                    jobs.get(after.job());
                } catch (UnknownJob e) {
                    throw new InvalidSchedule(schedule.name() + ENDING, "after.job", String.valueOf(e.getMessage()));
                }
            }
            if (reaches(schedule, schedule, schedules, new HashSet<>())) {
                throw new InvalidSchedule(
                        schedule.name() + ENDING,
                        "after",
                        "the schedule would start itself again and again: its own runs lead back to it");
            }
        }
    }

    /// Whether a run of one schedule leads, directly or over others, to a start of the target.
    private static boolean reaches(Schedule from, Schedule target, List<Schedule> all, Set<String> seen) {
        for (Schedule next : all) {
            Timing.After after = next.after();
            boolean follows = after != null
                    && (from.name().equals(after.schedule()) || from.job().equals(after.job()))
                    && java.util.Objects.equals(from.workspace(), next.workspace());
            if (follows && (next.equals(target) || (seen.add(next.name()) && reaches(next, target, all, seen)))) {
                return true;
            }
        }
        return false;
    }
}
