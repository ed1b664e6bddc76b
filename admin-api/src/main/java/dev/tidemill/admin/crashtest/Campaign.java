package dev.tidemill.admin.crashtest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The faults that one job has to bear, and what came of them.
final class Campaign {

    /// Rounds in which a fault may fail to meet its point before it is given up.
    private static final int MOST_ROUNDS = 6;

    private final Subject subject;
    private final int kills;
    private final Consumer<String> progress;
    private final Map<String, Integer> struck = new TreeMap<>();
    private final List<Double> recoveries = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();
    private final List<String> lost = new ArrayList<>();
    private final List<String> duplicated = new ArrayList<>();
    private List<Fault> schedule = List.of();
    private boolean scheduled;
    private int next;
    private int rounds;
    private int armedInRound;
    private int rows;
    private int missed;

    /// @param kills to be done to it
    Campaign(Subject subject, int kills, Consumer<String> progress) {
        this.subject = subject;
        this.kills = kills;
        this.progress = progress;
    }

    Subject subject() {
        return subject;
    }

    int kills() {
        return kills;
    }

    boolean scheduled() {
        return scheduled;
    }

    void schedule(List<Fault> faultsToCome) {
        schedule = faultsToCome;
        scheduled = true;
    }

    int beginRound() {
        return ++rounds;
    }

    /// Whether there are faults left, as long as all is well.
    boolean goesOn(Trap trap) {
        if (!lost.isEmpty() || !duplicated.isEmpty() || !faults.isEmpty()) {
            return false;
        }
        if (trap.isArmed() && rounds - armedInRound >= MOST_ROUNDS) {
            Fault never = trap.armed();
            progress.accept(subject.job() + ": never reached: " + (never == null ? "" : never.described()));
            trap.arm(null);
            missed++;
        }
        return !scheduled || next < schedule.size() || trap.isArmed();
    }

    /// The next fault to arm, null when there is none.
    @Nullable
    Fault next() {
        if (next >= schedule.size()) {
            return null;
        }
        armedInRound = rounds;
        return schedule.get(next++);
    }

    void struck(Fault fault) {
        struck.merge(
                fault.row() + " " + fault.mode().name().toLowerCase(Locale.ROOT) + " "
                        + fault.point().where(),
                1,
                Integer::sum);
        progress.accept(
                subject.job() + ": kill " + fault.number() + " of " + schedule.size() + ": " + fault.described());
    }

    void recovered(double seconds) {
        recoveries.add(seconds);
        progress.accept(
                String.format(Locale.ROOT, "%s: recovery %d after %.1f s", subject.job(), recoveries.size(), seconds));
    }

    void fault(String fault) {
        faults.add(subject.job() + ": " + fault);
    }

    /// Compares what the disturbed run left with what the other did.
    void compare(List<String> expected, List<String> found) {
        rows = expected.size();
        lost.addAll(CrashTest.beyond(expected, found));
        duplicated.addAll(CrashTest.beyond(found, expected));
    }

    Report.Job report() {
        return new Report.Job(
                subject.job(),
                Map.copyOf(struck),
                List.copyOf(recoveries),
                rounds,
                rows,
                missed,
                List.copyOf(lost),
                List.copyOf(duplicated),
                List.copyOf(faults));
    }
}
