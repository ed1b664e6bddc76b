package dev.tidemill.reembed;

import dev.tidemill.document.ContentHash;
import dev.tidemill.embed.Embedder;
import dev.tidemill.run.Plan;
import dev.tidemill.store.GoldenSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Missing;
import dev.tidemill.store.Vectors.Workload;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// Says what re-embedding a project would come to. The rate is measured with a few of its own texts, where that costs
/// nothing.
final class ReembedPlanner {

    private static final int TRIED = 6;
    private static final BigDecimal MILLION = BigDecimal.valueOf(1_000_000);

    /// Row header, key, and the key's index entry.
    private static final long ROW_BYTES = 24 + 32 + 60;

    /// Neighbours of a node of the index, with 16 on each level and twice as many on the lowest.
    private static final long NODE_BYTES = 300;

    private final ReembedPreparation preparation;
    private final Vectors vectors;
    private final GoldenSets goldenSets;
    private final ReembedProperties properties;

    ReembedPlanner(
            ReembedPreparation preparation, Vectors vectors, GoldenSets goldenSets, ReembedProperties properties) {
        this.preparation = preparation;
        this.vectors = vectors;
        this.goldenSets = goldenSets;
        this.properties = properties;
    }

    Plan plan(UUID workspaceId, Map<String, String> given) {
        ReembedPreparation.Found found = preparation.look(workspaceId, given);
        Embedder embedder = found.embedder();
        Workload work = vectors.workload(workspaceId, found.project().id(), embedder.fingerprint());
        long toEmbed = work.texts() - work.cached();
        long questions = goldenSets.list(found.project()).stream()
                .mapToLong(GoldenSets.GoldenSet::questions)
                .sum();
        boolean indexed = work.texts() >= properties.index().rows()
                && embedder.dimensions() <= found.type().indexable();
        List<String> notes = new ArrayList<>();
        notes.add("vector set " + found.live().id() + " by " + found.live().model()
                + " stays live until the switch, then" + " soaks for " + properties.soak());
        if (questions < properties.gate().minQuestions()) {
            notes.add("only " + questions + " golden questions: the gate would refuse, as it asks for "
                    + properties.gate().minQuestions() + ". Import some: ./tidemill evaluate import");
        }
        if (work.longest() > embedder.maxTokens()) {
            notes.add("the longest text has " + work.longest() + " tokens, " + embedder.id() + " takes "
                    + embedder.maxTokens() + ": such texts would be given up");
        }
        Duration time = Duration.ZERO;
        if (toEmbed > 0 && embedder.mayChange()) {
            notes.add("the time is not known: it depends on the service");
        } else if (toEmbed > 0) {
            time = time(workspaceId, found, toEmbed);
        }
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put("texts", work.texts());
        counts.put("cached", work.cached());
        counts.put("toEmbed", toEmbed);
        counts.put("goldenQuestions", questions);
        counts.put("dimensions", (long) embedder.dimensions());
        counts.put("indexed", indexed ? work.texts() : 0);
        long vector = (long) embedder.dimensions() * found.type().bytes() + 8;
        long disk = work.texts() * (vector + ROW_BYTES)
                + toEmbed * ((long) embedder.dimensions() * Float.BYTES + ROW_BYTES)
                + (indexed ? work.texts() * (vector + NODE_BYTES) : 0);
        return new Plan(
                counts,
                work.tokens(),
                embedder.pricePerMillionTokens()
                        .multiply(BigDecimal.valueOf(work.tokens()))
                        .divide(MILLION, 4, RoundingMode.HALF_UP),
                time,
                disk,
                notes,
                ContentHash.of(embedder.fingerprint() + found.live().id() + found.type()
                                + found.project().generation() + "/" + work)
                        .hex());
    }

    private Duration time(UUID workspaceId, ReembedPreparation.Found found, long texts) {
        List<Missing> some = vectors.sample(workspaceId, found.project().id(), found.live(), TRIED);
        if (some.isEmpty()) {
            return Duration.ZERO;
        }
        long start = System.nanoTime();
        for (Missing text : some) {
            found.embedder().embed(text.text());
        }
        double each = (double) (System.nanoTime() - start)
                / some.size()
                / found.embedder().callers();
        return Duration.ofNanos((long) (each * texts));
    }
}
