package dev.tidemill.embed;

import java.util.List;

/// Fixed texts whose vectors tell whether a model is still the one it was: a service may put another model behind
/// an unchanged name.
public final class Probes {

    /// Vectors of the same model differ by less than this cosine only by rounding.
    public static final double SAME_MODEL = 0.999;

    private static final List<String> TEXTS = List.of(
            "The flood fills the mill pond through the sluice, and the ebb drives the wheel.",
            "Invoice 4711: 12 sacks of wheat flour, to be paid within 30 days.",
            "public static void main(String[] arguments) { }");

    private Probes() {}

    public static List<float[]> of(Embedder embedder) {
        return TEXTS.stream().map(embedder::embed).toList();
    }

    /// The lowest cosine between what the model gives now and what it gave then; -1 when they cannot be compared.
    public static double likeness(Embedder embedder, List<float[]> then) {
        List<float[]> now = of(embedder);
        if (now.size() != then.size()) {
            return -1;
        }
        double lowest = 1;
        for (int i = 0; i < now.size(); i++) {
            lowest = Math.min(lowest, cosine(now.get(i), then.get(i)));
        }
        return lowest;
    }

    /// -1 for vectors of different dimensions or without a length.
    public static double cosine(float[] one, float[] other) {
        if (one.length != other.length) {
            return -1;
        }
        double dot = 0;
        double ones = 0;
        double others = 0;
        for (int i = 0; i < one.length; i++) {
            dot += (double) one[i] * other[i];
            ones += (double) one[i] * one[i];
            others += (double) other[i] * other[i];
        }
        double lengths = Math.sqrt(ones) * Math.sqrt(others);
        return lengths > 0 ? dot / lengths : -1;
    }
}
