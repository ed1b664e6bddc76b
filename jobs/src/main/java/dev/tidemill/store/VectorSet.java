package dev.tidemill.store;

/// One embedding of a project by one model.
public record VectorSet(long id, String model, String fingerprint, int dimensions, String state) {

    /// The physical table; the id is a number, so the name cannot carry anything else.
    public String table() {
        return "vectors_" + id;
    }
}
