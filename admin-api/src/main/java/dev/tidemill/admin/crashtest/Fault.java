package dev.tidemill.admin.crashtest;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

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

    /// The same schedule for the same seed: every point comes up before one comes up again.
    static List<Fault> schedule(long seed, int count, Mode mode) {
        Random random = new Random(seed);
        List<Fault> schedule = new ArrayList<>();
        while (schedule.size() < count) {
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
            Collections.shuffle(turn, random);
            for (Fault fault : turn) {
                if (schedule.size() < count) {
                    schedule.add(fault.numbered(schedule.size() + 1));
                }
            }
        }
        return schedule;
    }

    private static KillPoint any(Random random) {
        return OF_CONNECTIONS.get(random.nextInt(OF_CONNECTIONS.size()));
    }

    private static Fault of(Random random, Mode mode, KillPoint point) {
        int occurrence = 1
                + switch (point) {
                    case WORKED, METADATA, COMMITTING, COMMIT_REPLY, COMMITTED -> random.nextInt(4);
                    case COPYING, REFUSING -> random.nextInt(2);
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
