package dev.tidemill.quality;

import dev.tidemill.document.Hit;
import dev.tidemill.search.SearchMode;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.search.SearchResult;
import dev.tidemill.search.Searcher;
import dev.tidemill.store.ChunkSearch.Filter;
import dev.tidemill.store.Evaluations.Answer;
import dev.tidemill.store.Evaluations.Open;
import dev.tidemill.store.GoldenSets.Expected;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Asks one question of one vector set and measures what comes of it.
public final class Evaluator {

    /// How deep the first page is.
    static final int TOP = 10;

    public static final String NDCG = "ndcg@10";
    public static final String RECALL = "recall@10";
    public static final String RECALL_DEEP = "recall@100";
    public static final String MRR = "mrr";
    public static final String SPAN = "span@10";
    public static final String P50 = "millis-p50";
    public static final String P95 = "millis-p95";

    /// Of which more is better.
    public static final List<String> QUALITY = List.of(NDCG, RECALL, RECALL_DEEP, MRR, SPAN);

    private final Searcher searcher;

    public Evaluator(Searcher searcher) {
        this.searcher = searcher;
    }

    public Answer ask(UUID workspaceId, Open open) {
        SearchResult result = searcher.search(
                workspaceId,
                open.project(),
                new SearchRequest(open.question(), SearchRequest.MAX_K, SearchMode.byId(open.mode()), Filter.NONE),
                open.setId());
        double millis = result.timings().total().toNanos() / 1e6;
        if (open.expected().isEmpty()) {
            List<String> chunks = result.hits().stream()
                    .limit(TOP)
                    .map(hit -> Long.toString(hit.chunkId()))
                    .toList();
            return new Answer(
                    open.evaluationId(), open.key(), open.question(), chunks, null, null, null, null, null, millis);
        }
        List<String> documents =
                result.hits().stream().map(Hit::documentKey).distinct().toList();
        Map<String, Integer> relevant =
                open.expected().stream().collect(Collectors.toMap(Expected::document, Expected::grade, Math::max));
        return new Answer(
                open.evaluationId(),
                open.key(),
                open.question(),
                documents,
                Metrics.ndcg(documents, relevant, TOP),
                Metrics.recall(documents, relevant.keySet(), TOP),
                Metrics.recall(documents, relevant.keySet(), SearchRequest.MAX_K),
                Metrics.reciprocalRank(documents, relevant.keySet(), SearchRequest.MAX_K),
                spanHit(open.expected(), result.hits()),
                millis);
    }

    /// Whether one of the judged spans stands in one of the first hits, whatever its white space and case; null where
    /// none is judged.
    static @Nullable Boolean spanHit(List<Expected> expected, List<Hit> hits) {
        List<String> spans = expected.stream()
                .map(Expected::span)
                .filter(Objects::nonNull)
                .map(Evaluator::plain)
                .filter(span -> !span.isEmpty())
                .toList();
        if (spans.isEmpty()) {
            return null;
        }
        return hits.stream()
                .limit(TOP)
                .map(hit -> plain(hit.text()))
                .anyMatch(text -> spans.stream().anyMatch(text::contains));
    }

    private static String plain(@Nullable String text) {
        return text == null ? "" : text.strip().replaceAll("\\s+", " ").toLowerCase(Locale.ROOT);
    }

    /// The metrics of an evaluation: means over its questions, and how long they took.
    public static Map<String, Double> metrics(Collection<Answer> answers) {
        Map<String, Double> metrics = new TreeMap<>();
        mean(metrics, NDCG, answers, Answer::ndcg);
        mean(metrics, RECALL, answers, Answer::recall);
        mean(metrics, RECALL_DEEP, answers, Answer::recallDeep);
        mean(metrics, MRR, answers, Answer::reciprocalRank);
        mean(metrics, SPAN, answers, answer -> {
            Boolean hit = answer.spanHit();
            return hit == null ? null : hit ? 1.0 : 0.0;
        });
        List<Double> millis = answers.stream().map(Answer::millis).toList();
        metrics.put(P50, Metrics.percentile(millis, 0.50));
        metrics.put(P95, Metrics.percentile(millis, 0.95));
        return metrics;
    }

    private static void mean(
            Map<String, Double> metrics,
            String name,
            Collection<Answer> answers,
            Function<Answer, @Nullable Double> of) {
        double sum = 0;
        int counted = 0;
        for (Answer answer : answers) {
            Double value = of.apply(answer);
            if (value != null) {
                sum += value;
                counted++;
            }
        }
        if (counted > 0) {
            metrics.put(name, sum / counted);
        }
    }

    /// How much two samples of the same questions have in common among the first ten hits; 1 for none.
    public static double overlap(List<Answer> one, List<Answer> other) {
        Map<String, Answer> others = other.stream().collect(Collectors.toMap(Answer::key, answer -> answer));
        return one.stream()
                .filter(answer -> others.containsKey(answer.key()))
                .mapToDouble(answer -> Metrics.overlap(
                        answer.found(),
                        Objects.requireNonNull(others.get(answer.key())).found(),
                        TOP))
                .average()
                .orElse(1);
    }
}
