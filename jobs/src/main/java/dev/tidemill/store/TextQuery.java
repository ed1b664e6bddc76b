package dev.tidemill.store;

import dev.tidemill.store.ChunkSearch.Term;
import java.util.List;
import java.util.stream.Collectors;

/// Turns the terms of a question into what the full-text index is asked. Ranking every match is what
/// this leg costs, so the rare terms decide which chunks are ranked at all; the common ones only add to
/// the rank.
final class TextQuery {

    private TextQuery() {}

    /// Inverse document frequency as in BM25, never negative.
    static double weight(long chunks, long total) {
        return Math.log(1 + (total - chunks + 0.5) / (chunks + 0.5));
    }

    static String quoted(String lexeme) {
        return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'";
    }

    static String anyOf(List<Term> terms) {
        return terms.stream().map(term -> quoted(term.lexeme())).collect(Collectors.joining(" | "));
    }

    /// The rarest terms that together match about `candidates` chunks. When even the rarest has more,
    /// it must stand together with one of the others.
    ///
    /// @param terms rarest first, not empty
    /// @param filtered whether a filter narrows the matches: then every term may decide
    static String required(List<Term> terms, long total, int candidates, boolean filtered) {
        Term rarest = terms.getFirst();
        if (filtered) {
            return anyOf(terms);
        }
        if (rarest.chunks() > candidates && terms.size() > 1) {
            // Two terms meet by chance in chunks * chunks / total; as many partners as fit.
            int partners = 1;
            double expected = expected(rarest, terms.get(1), total);
            while (partners + 1 < terms.size()) {
                expected += expected(rarest, terms.get(partners + 1), total);
                if (expected > candidates) {
                    break;
                }
                partners++;
            }
            return quoted(rarest.lexeme()) + " & (" + anyOf(terms.subList(1, partners + 1)) + ")";
        }
        long matches = rarest.chunks();
        int count = 1;
        while (count < terms.size() && matches + terms.get(count).chunks() <= candidates) {
            matches += terms.get(count).chunks();
            count++;
        }
        return anyOf(terms.subList(0, count));
    }

    private static double expected(Term one, Term other, long total) {
        return one.chunks() * (double) other.chunks() / Math.max(1, total);
    }
}
