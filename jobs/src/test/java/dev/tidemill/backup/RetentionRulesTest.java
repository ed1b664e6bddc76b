package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.backup.BackupProperties.Retention;
import dev.tidemill.backup.Catalogue.Entry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What is kept and what goes.
class RetentionRulesTest {

    private static final Instant NOW = Instant.parse("2026-03-31T12:00:00Z");
    private static final Retention ONE = new Retention(1, Duration.ZERO, 0, 0, 0, true);

    private static Entry entry(int daysOld, Marks marks) {
        Instant at = NOW.minus(Duration.ofDays(daysOld));
        Manifest manifest = MadeManifest.of("b" + daysOld, at, new Keys.Wrapped("k", ""));
        return new Entry("b" + daysOld, manifest, marks);
    }

    private static Marks level(int level) {
        return new Marks(level, NOW, "", null);
    }

    private static List<String> gone(List<Entry> entries, Retention rules) {
        return RetentionRules.decide(entries, rules, NOW).stream()
                .filter(RetentionRules.Decision::goes)
                .map(RetentionRules.Decision::id)
                .toList();
    }

    private static List<Entry> days(int count, @Nullable Marks marks) {
        List<Entry> entries = new ArrayList<>();
        for (int day = 0; day < count; day++) {
            entries.add(entry(day, marks == null ? Marks.NONE : marks));
        }
        return entries;
    }

    @Test
    void countKeepsTheNewest() {
        assertThat(gone(days(5, null), new Retention(3, Duration.ZERO, 0, 0, 0, true)))
                .containsExactly("b3", "b4");
    }

    @Test
    void ageKeepsWhatIsYoungerOnBothSidesOfTheBorder() {
        assertThat(gone(days(5, null), new Retention(1, Duration.ofDays(3), 0, 0, 0, true)))
                .containsExactly("b3", "b4");
    }

    @Test
    void tiersKeepTheNewestOfEachPeriod() {
        List<String> gone = gone(days(60, null), new Retention(1, Duration.ZERO, 3, 2, 2, true));
        // Days 31, 30 and 29 of March; the newest of the weeks of the 30th and of the 23rd; the newest of February.
        assertThat(gone).doesNotContain("b0", "b1", "b2", "b31").hasSize(60 - 4);
    }

    @Test
    void theLastVerifiedOneIsNeverTakenAwayHoweverOld() {
        List<Entry> entries = days(4, null);
        entries.add(entry(100, level(3)));
        entries.add(entry(101, level(4)));

        assertThat(gone(entries, ONE)).containsExactly("b1", "b2", "b3", "b101");
    }

    @Test
    void aPinnedOneAndADamagedOneStay() {
        List<Entry> entries = days(2, null);
        entries.add(entry(50, Marks.NONE.pinned("before the move")));
        entries.add(entry(51, Marks.NONE.damaged("part 1: missing", NOW)));
        entries.add(new Entry("unreadable", null, Marks.NONE));

        assertThat(gone(entries, ONE)).containsExactly("b1");
    }

    @Test
    void aDamagedOneDoesNotStandForAWholeOne() {
        assertThat(gone(
                        List.of(
                                entry(0, level(2).damaged("part 1: missing", NOW)),
                                entry(1, level(2)),
                                entry(2, level(2))),
                        ONE))
                .containsExactly("b2");
    }
}
