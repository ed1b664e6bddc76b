package dev.tidemill.answer;

import dev.tidemill.answer.Answer.Abstained;
import dev.tidemill.answer.Answer.Answered;
import dev.tidemill.answer.Answer.Evidence;
import dev.tidemill.document.Citation;
import dev.tidemill.document.Hit;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.search.SearchResult;
import dev.tidemill.search.Searcher;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.ChunkSearch.Term;
import dev.tidemill.store.Texts;
import dev.tidemill.store.Workspaces;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Answers a question with sentences of the corpus. A sentence is chosen by how near it is to the
/// question, by how much of the question's words it holds, and by how high its passage ranks; what is
/// chosen is cited, and cited only as it is stored.
public final class Answerer {

    private static final int SHORTEST = 20;
    private static final int LONGEST = 1_000;
    /// Embedding costs a few milliseconds a sentence, so words and rank choose which ones are worth it.
    private static final int EMBEDDED_AT_MOST = 24;

    private static final double COVERAGE_WEIGHT = 0.25;
    private static final double RANK_WEIGHT = 0.10;
    /// A further sentence must come this near to the best one.
    private static final double KEEP = 0.88;

    private static final double TOO_ALIKE = 0.93;

    private final Searcher searcher;
    private final Workspaces workspaces;
    private final ChunkSearch chunks;
    private final Texts texts;
    private final Function<String, float[]> embedQuestion;
    private final Function<String, float[]> embedSentence;
    private final AnswerProperties properties;
    private final Predicate<String> ownModel;

    /// For projects of one model alone.
    ///
    /// @param embedQuestion vector of a question, of length 1
    /// @param embedSentence vector of a passage, of length 1, comparable with a question's
    public Answerer(
            Searcher searcher,
            Workspaces workspaces,
            ChunkSearch chunks,
            Texts texts,
            Function<String, float[]> embedQuestion,
            Function<String, float[]> embedSentence,
            AnswerProperties properties) {
        this(searcher, workspaces, chunks, texts, embedQuestion, embedSentence, properties, model -> true);
    }

    /// Wires an answerer. It judges by one model, to which its thresholds belong, whichever made the vectors that
    /// the search compares.
    ///
    /// @param ownModel whether scores of the vectors of a model are comparable with its own
    public Answerer(
            Searcher searcher,
            Workspaces workspaces,
            ChunkSearch chunks,
            Texts texts,
            Function<String, float[]> embedQuestion,
            Function<String, float[]> embedSentence,
            AnswerProperties properties,
            Predicate<String> ownModel) {
        this.searcher = searcher;
        this.workspaces = workspaces;
        this.chunks = chunks;
        this.texts = texts;
        this.embedQuestion = embedQuestion;
        this.embedSentence = embedSentence;
        this.properties = properties;
        this.ownModel = ownModel;
    }

    /// Answers, or says why not.
    ///
    /// @throws dev.tidemill.search.UnknownProject when the workspace has no such project
    public Answer answer(UUID workspaceId, String project, SearchRequest request) {
        long start = System.nanoTime();
        SearchResult search = searcher.search(workspaceId, project, request);
        if (search.hits().isEmpty()) {
            boolean empty = search.corpusChunks() == 0;
            return abstained(
                    empty ? AbstentionReason.EMPTY_PROJECT : AbstentionReason.NOTHING_FOUND,
                    empty
                            ? nothingYet(project, request)
                            : "Nothing in project \"" + project + "\" matches the question and its filters.",
                    search,
                    Evidence.NONE,
                    0,
                    start);
        }
        List<Hit> passages = search.hits().stream().limit(properties.passages()).toList();
        List<Sentence> scored = score(workspaceId, request.question(), passages, search.terms());
        boolean comparable = search.model() != null && ownModel.test(search.model());
        Evidence evidence = evidence(passages, scored, comparable);
        if (!sufficient(evidence)) {
            return abstained(
                    AbstentionReason.NOT_COVERED,
                    "The documents found do not answer this question.",
                    search,
                    evidence,
                    0,
                    start);
        }
        List<Sentence> chosen = choose(scored);
        List<Citation> citations = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        int dropped = 0;
        for (Sentence sentence : chosen) {
            Optional<Citation> checked = cite(workspaceId, sentence, citations.size() + 1);
            if (checked.isEmpty()) {
                dropped++;
                continue;
            }
            citations.add(checked.get());
            text.append(text.isEmpty() ? "" : " ")
                    .append(checked.get().quote().replaceAll("\\s+", " "))
                    .append(" [")
                    .append(checked.get().number())
                    .append(']');
        }
        if (citations.isEmpty()) {
            return abstained(
                    AbstentionReason.UNPROVEN,
                    "Passages were found, but none could be proven against the stored documents.",
                    search,
                    evidence,
                    dropped,
                    start);
        }
        return new Answered(text.toString(), citations, search, evidence, dropped, since(start));
    }

    private static String nothingYet(String project, SearchRequest request) {
        return "Project \"" + project + "\" "
                + (request.asOf() == null
                        ? "holds no document yet: ingest some, then ask again."
                        : "held no document at " + request.asOf() + " of which anything is kept.");
    }

    private boolean sufficient(Evidence evidence) {
        return evidence.similarity() >= properties.sureSimilarity()
                || (evidence.similarity() >= properties.minimumSimilarity()
                        && evidence.coverage() >= properties.minimumCoverage());
    }

    private static Evidence evidence(List<Hit> passages, List<Sentence> sentences, boolean comparable) {
        double similarity =
                sentences.stream().mapToDouble(Sentence::similarity).max().orElse(0);
        for (Hit hit : passages) {
            similarity = Math.max(similarity, hit.vectorScore() == null || !comparable ? 0 : hit.vectorScore());
        }
        double coverage =
                sentences.stream().mapToDouble(Sentence::passageCoverage).max().orElse(0);
        return new Evidence(similarity, coverage);
    }

    /// All sentences of the passages that are worth embedding, best first.
    private List<Sentence> score(UUID workspaceId, String question, List<Hit> passages, List<Term> known) {
        List<Sentence> sentences = new ArrayList<>();
        List<String> analysed = new ArrayList<>();
        for (int rank = 0; rank < passages.size(); rank++) {
            for (Sentences.Span span : Sentences.of(passages.get(rank).text())) {
                Sentence sentence = Sentence.of(passages.get(rank), rank, span);
                if (sentence.readable()) {
                    sentences.add(sentence);
                    analysed.add(sentence.text());
                }
            }
        }
        int firstPassage = analysed.size();
        for (Hit hit : passages) {
            analysed.add(String.join(" ", hit.headingPath()) + " " + hit.title() + " " + hit.text());
        }
        analysed.add(question);
        List<Set<String>> lexemes = workspaces.call(workspaceId, () -> chunks.lexemes(analysed));
        Weights weights = new Weights(lexemes.getLast(), known);
        List<Sentence> promising = new ArrayList<>();
        for (int i = 0; i < sentences.size(); i++) {
            Sentence sentence = sentences.get(i);
            promising.add(sentence.covering(
                    weights.coverage(lexemes.get(i)), weights.coverage(lexemes.get(firstPassage + sentence.rank()))));
        }
        promising.sort(Comparator.comparingDouble(Sentence::promise).reversed());
        float[] query = embedQuestion.apply(question);
        return promising.stream()
                .limit(EMBEDDED_AT_MOST)
                .map(sentence -> sentence.embedded(embedSentence.apply(sentence.text()), query))
                .sorted(Comparator.comparingDouble(Sentence::score).reversed())
                .toList();
    }

    /// The best sentence and those nearly as good that say something else, in the order of the document
    /// where they share one.
    private List<Sentence> choose(List<Sentence> scored) {
        List<Sentence> chosen = new ArrayList<>();
        for (Sentence sentence : scored) {
            if (chosen.size() == properties.sentences()) {
                break;
            }
            if (!chosen.isEmpty() && sentence.score() < KEEP * chosen.getFirst().score()) {
                break;
            }
            if (chosen.stream()
                    .noneMatch(other ->
                            cosine(other.vector(), sentence.vector()) > TOO_ALIKE || other.overlaps(sentence))) {
                chosen.add(sentence);
            }
        }
        if (chosen.size() > 1
                && chosen.stream()
                        .allMatch(s -> s.hit()
                                .documentId()
                                .equals(chosen.getFirst().hit().documentId()))) {
            chosen.sort(Comparator.comparingInt(Sentence::start));
        }
        return chosen;
    }

    private Optional<Citation> cite(UUID workspaceId, Sentence sentence, int number) {
        Hit hit = sentence.hit();
        return texts.slice(workspaceId, hit.documentId(), hit.version(), sentence.start(), sentence.end())
                .filter(sentence.text()::equals)
                .map(quote -> new Citation(
                        number,
                        hit.documentId(),
                        hit.version(),
                        hit.documentKey(),
                        hit.title(),
                        hit.headingPath(),
                        hit.firstPage(),
                        hit.startMillis(),
                        sentence.start(),
                        sentence.end(),
                        quote,
                        hit.chunkId()));
    }

    private static Abstained abstained(
            AbstentionReason reason, String message, SearchResult search, Evidence evidence, int dropped, long start) {
        return new Abstained(reason, message, search, evidence, dropped, since(start));
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private static double cosine(float @Nullable [] one, float @Nullable [] other) {
        if (one == null || other == null) {
            return 0;
        }
        double dot = 0;
        for (int i = 0; i < one.length; i++) {
            dot += (double) one[i] * other[i];
        }
        return dot;
    }

    /// How much each word of the question counts. A word that the corpus does not know counts as much
    /// as the rarest one: a question about something unknown must not look covered by its common words.
    private static final class Weights {

        private final java.util.Map<String, Double> weights = new java.util.HashMap<>();
        private final double total;

        Weights(Set<String> question, List<Term> known) {
            double rarest = known.stream().mapToDouble(Term::weight).max().orElse(1);
            question.forEach(lexeme -> weights.put(lexeme, rarest));
            known.forEach(term -> weights.replace(term.lexeme(), term.weight()));
            total = weights.values().stream().mapToDouble(Double::doubleValue).sum();
        }

        double coverage(Set<String> lexemes) {
            Set<String> shared = new HashSet<>(weights.keySet());
            shared.retainAll(lexemes);
            return total == 0
                    ? 0
                    : shared.stream()
                                    .mapToDouble(word -> weights.getOrDefault(word, 0.0))
                                    .sum()
                            / total;
        }
    }

    /// A sentence of a passage. Its vector is never changed once it is set.
    private record Sentence(
            Hit hit,
            int rank,
            int start,
            int end,
            String text,
            double coverage,
            double passageCoverage,
            double similarity,
            @SuppressWarnings("ArrayRecordComponent") float @Nullable [] vector) {

        static Sentence of(Hit hit, int rank, Sentences.Span span) {
            int start = hit.start() + hit.text().codePointCount(0, span.start());
            String text = hit.text().substring(span.start(), span.end());
            return new Sentence(hit, rank, start, start + text.codePointCount(0, text.length()), text, 0, 0, 0, null);
        }

        Sentence covering(double ownCoverage, double wholeCoverage) {
            return new Sentence(hit, rank, start, end, text, ownCoverage, wholeCoverage, similarity, vector);
        }

        Sentence embedded(float[] own, float[] query) {
            return new Sentence(hit, rank, start, end, text, coverage, passageCoverage, cosine(own, query), own);
        }

        double promise() {
            return coverage + 0.5 / (1 + rank);
        }

        double score() {
            return similarity + COVERAGE_WEIGHT * coverage + RANK_WEIGHT / (1 + rank);
        }

        /// Long enough to say something, short enough to be read, and no heading.
        boolean readable() {
            String plain = text.replaceFirst("^[#=\\s]+", "").strip().toLowerCase(Locale.ROOT);
            // The number of a heading reads as a sentence of its own, so its end is compared.
            return text.length() >= SHORTEST
                    && text.length() <= LONGEST
                    && hit.headingPath().stream()
                            .noneMatch(
                                    heading -> heading.toLowerCase(Locale.ROOT).endsWith(plain))
                    && !hit.title().toLowerCase(Locale.ROOT).endsWith(plain);
        }

        boolean overlaps(Sentence other) {
            return hit.documentId().equals(other.hit.documentId())
                    && hit.version() == other.hit.version()
                    && start < other.end
                    && other.start < end;
        }
    }
}
