package dev.tidemill.admin.crashtest;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One fault of the schedule.
///
/// @param occurrence at which the point is hit, from 1
/// @param delayMillis after which a fault strikes that waits for no point
/// @param hard whether the database's processes are killed instead of told to end
record Fault(int number, Mode mode, KillPoint point, int occurrence, int delayMillis, boolean hard) {

    private static final int LATEST_MILLIS = 2_000;

    /// Points at which the end of a connection says something of its own, apart from the unanswered COMMIT.
    private static final List<KillPoint> OF_CONNECTIONS =
            List.of(KillPoint.WORKED, KillPoint.COPYING, KillPoint.METADATA, KillPoint.COMMITTING);

    /// Where a kill says most: before a commit, after it, and when a step or all is done and nobody knows it yet.
    private static final List<KillPoint> TELLING =
            List.of(KillPoint.COMMITTING, KillPoint.COMMIT_REPLY, KillPoint.FINISHING, KillPoint.COMPLETING);

    /// The same schedule for the same seed: every point comes up before one comes up again.
    static List<Fault> schedule(long seed, int count, Mode mode) {
        Random random = new Random(seed);
        List<Fault> schedule = new ArrayList<>();
        while (schedule.size() < count) {
            List<Fault> turn = turn(random, mode);
            Collections.shuffle(turn, random);
            append(schedule, turn, count);
        }
        return schedule;
    }

    /// As [#schedule(long, int, Mode)], of the points only that a job passes, the most telling ones first.
    ///
    /// @param passed how often the job passes each point when nobody disturbs it
    /// @return empty when the mode has nothing to strike at
    static List<Fault> schedule(long seed, int count, Mode mode, Map<KillPoint, Integer> passed) {
        Random random = new Random(seed);
        List<Fault> schedule = new ArrayList<>();
        while (schedule.size() < count) {
            List<Fault> turn = new ArrayList<>();
            for (Fault fault : turn(random, mode)) {
                KillPoint point = fault.reachable(random, passed.keySet());
                if (point != null) {
                    // No later than the first third, so that several faults strike one run; but any of its steps.
                    int passages = passed.getOrDefault(point, 1);
                    int latest = point == KillPoint.FINISHING ? passages : Math.max(1, passages / 3);
                    turn.add(new Fault(
                            0, fault.mode, point, Math.min(fault.occurrence, latest), fault.delayMillis, fault.hard));
                }
            }
            if (turn.isEmpty()) {
                return schedule;
            }
            Collections.shuffle(turn, random);
            if (schedule.isEmpty()) {
                turn.sort(Comparator.comparingInt(Fault::rank));
            }
            append(schedule, turn, count);
        }
        return schedule;
    }

    private int rank() {
        int place = mode == Mode.PROCESS ? TELLING.indexOf(point) : -1;
        return place < 0 ? TELLING.size() : place;
    }

    /// Its point, or one that does instead for a job that does not pass it; null for none.
    private @Nullable KillPoint reachable(Random random, Set<KillPoint> passed) {
        if (point == KillPoint.ANYWHERE || passed.contains(point)) {
            return point;
        }
        return switch (mode) {
            case PROCESS, ALL -> null;
            case BACKEND -> {
                List<KillPoint> left =
                        OF_CONNECTIONS.stream().filter(passed::contains).toList();
                yield left.isEmpty() ? null : left.get(random.nextInt(left.size()));
            }
            case POSTMASTER, ZOMBIE -> KillPoint.ANYWHERE;
        };
    }

    private static void append(List<Fault> schedule, List<Fault> turn, int count) {
        for (Fault fault : turn) {
            if (schedule.size() < count) {
                schedule.add(fault.numbered(schedule.size() + 1));
            }
        }
    }

    private static List<Fault> turn(Random random, Mode mode) {
        List<Fault> turn = new ArrayList<>();
        if (mode == Mode.PROCESS || mode == Mode.ALL) {
            for (KillPoint point : KillPoint.values()) {
                turn.add(of(random, Mode.PROCESS, point));
            }
        }
        if (mode == Mode.BACKEND || mode == Mode.ALL) {
            turn.add(of(random, Mode.BACKEND, any(random)));
            turn.add(of(random, Mode.BACKEND, KillPoint.COMMIT_REPLY));
        }
        if (mode == Mode.POSTMASTER || mode == Mode.ALL) {
            turn.add(of(random, Mode.POSTMASTER, any(random)));
        }
        if (mode == Mode.ZOMBIE || mode == Mode.ALL) {
            turn.add(of(random, Mode.ZOMBIE, KillPoint.COMMITTED));
        }
        return turn;
    }

    private static KillPoint any(Random random) {
        return OF_CONNECTIONS.get(random.nextInt(OF_CONNECTIONS.size()));
    }

    private static Fault of(Random random, Mode mode, KillPoint point) {
        int occurrence = 1
                + switch (point) {
                    case WORKED, METADATA, COMMITTING, COMMIT_REPLY, COMMITTED -> random.nextInt(4);
                    case COPYING, REFUSING -> random.nextInt(2);
                    case FINISHING -> random.nextInt(12);
                    case ANYWHERE, COMPLETING, CONCLUDING -> 0;
                };
        return new Fault(0, mode, point, occurrence, random.nextInt(LATEST_MILLIS), random.nextBoolean());
    }

    private Fault numbered(int next) {
        return new Fault(next, mode, point, occurrence, delayMillis, hard);
    }

    String described() {
        return mode.name().toLowerCase(Locale.ROOT) + " " + point.where()
                + (point == KillPoint.ANYWHERE
                        ? " (" + delayMillis + " ms)"
                        : occurrence > 1 ? " (no. " + occurrence + ")" : "");
    }

    /// The row of the fault table that it stands for.
    String row() {
        return switch (mode) {
            case PROCESS, ALL -> point.fault();
            case BACKEND -> point == KillPoint.COMMIT_REPLY ? "F04" : "F09";
            case POSTMASTER -> "F10";
            case ZOMBIE -> "F08";
        };
    }
}
