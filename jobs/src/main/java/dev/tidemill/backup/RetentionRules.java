package dev.tidemill.backup;

import dev.tidemill.backup.BackupProperties.Retention;
import dev.tidemill.backup.Catalogue.Entry;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.IsoFields;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Says which backups are kept, and why.
final class RetentionRules {

    private RetentionRules() {}

    /// A backup with the rules that want it kept; none of them means that it goes.
    record Decision(String id, List<String> reasons) {
        boolean goes() {
            return reasons.isEmpty();
        }
    }

    private record Dated(Entry entry, Manifest manifest, ZonedDateTime at) {}

    /// One that is damaged or locked with an unknown key is kept, and stands for no other: a person has to look.
    static List<Decision> decide(List<Entry> entries, Retention rules, Instant now) {
        Map<String, Set<String>> reasons = new LinkedHashMap<>();
        Map<Manifest.Scope, List<Dated>> scopes = new EnumMap<>(Manifest.Scope.class);
        for (Entry entry : entries) {
            Set<String> why = new LinkedHashSet<>();
            reasons.put(entry.id(), why);
            Manifest manifest = entry.manifest();
            if (manifest == null || !entry.whole()) {
                why.add("damaged");
                continue;
            }
            if (entry.marks().pinned() != null) {
                why.add("pinned: " + entry.marks().pinned());
            }
            scopes.computeIfAbsent(manifest.scope(), scope -> new ArrayList<>())
                    .add(new Dated(entry, manifest, manifest.snapshotAt().atZone(ZoneOffset.UTC)));
        }
        for (List<Dated> scope : scopes.values()) {
            scope.sort(Comparator.comparing(Dated::at).reversed());
            byRules(scope, rules, now, reasons);
        }
        return reasons.entrySet().stream()
                .map(each -> new Decision(each.getKey(), List.copyOf(each.getValue())))
                .toList();
    }

    private static void byRules(
            List<Dated> newestFirst, Retention rules, Instant now, Map<String, Set<String>> reasons) {
        first(newestFirst, 1, "newest", reasons);
        first(
                newestFirst.stream()
                        .filter(each -> each.entry().marks().level() >= 3)
                        .toList(),
                1,
                "verified",
                reasons);
        first(
                newestFirst.stream()
                        .filter(each -> each.entry().marks().level() >= 2)
                        .toList(),
                1,
                "checked",
                reasons);
        first(newestFirst, rules.last(), "last " + rules.last(), reasons);
        for (Dated each : newestFirst) {
            if (!rules.age().isZero() && each.manifest().snapshotAt().isAfter(now.minus(rules.age()))) {
                add(reasons, each, "younger than " + rules.age());
            }
        }
        newestOf(newestFirst, rules.daily(), "day", at -> at.toLocalDate().toString(), reasons);
        newestOf(
                newestFirst,
                rules.weekly(),
                "week",
                at -> at.get(IsoFields.WEEK_BASED_YEAR) + "-W" + at.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR),
                reasons);
        newestOf(newestFirst, rules.monthly(), "month", at -> at.getYear() + "-" + at.getMonthValue(), reasons);
    }

    private static void first(List<Dated> newestFirst, int count, String why, Map<String, Set<String>> reasons) {
        newestFirst.stream().limit(count).forEach(each -> add(reasons, each, why));
    }

    private static void newestOf(
            List<Dated> newestFirst,
            int count,
            String period,
            Function<ZonedDateTime, String> name,
            Map<String, Set<String>> reasons) {
        Set<String> seen = new LinkedHashSet<>();
        for (Dated each : newestFirst) {
            String of = name.apply(each.at());
            if (seen.size() < count && seen.add(of)) {
                add(reasons, each, period + " " + of);
            }
        }
    }

    private static void add(Map<String, Set<String>> reasons, Dated dated, String why) {
        @Nullable Set<String> known = reasons.get(dated.entry().id());
        if (known != null) {
            known.add(why);
        }
    }
}
