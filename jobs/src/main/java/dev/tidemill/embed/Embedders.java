package dev.tidemill.embed;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// The models that this process can use, each loaded when it is first asked for and then kept.
public final class Embedders implements AutoCloseable {

    private final Map<String, Supplier<? extends Embedder>> known = new LinkedHashMap<>();
    private final Map<String, Embedder> loaded = new LinkedHashMap<>();
    private final List<Embedder> own = new ArrayList<>();
    private final String ofNewProjects;

    /// The shipped models, and further ones. New projects begin with the first.
    ///
    /// @param first one that is loaded already and closed by whoever loaded it
    /// @param others by id
    public Embedders(Embedder first, Map<String, ? extends Supplier<? extends Embedder>> others) {
        this(first, others, first.id());
    }

    /// The shipped models, and further ones.
    ///
    /// @param first one that is loaded already and closed by whoever loaded it
    /// @param others by id
    /// @param ofNewProjects id of the one that a new project begins with
    /// @throws IllegalArgumentException if there is none of this id; the message lists the known ones
    public Embedders(Embedder first, Map<String, ? extends Supplier<? extends Embedder>> others, String ofNewProjects) {
        for (EmbeddingModel model : EmbeddingModel.values()) {
            known.put(model.id(), () -> OnnxEmbedder.load(model));
        }
        others.forEach((id, supplier) -> {
            if (known.put(id, supplier) != null) {
                throw new IllegalArgumentException(
                        "the embedding endpoint \"" + id + "\" has the name of a shipped model: use another one");
            }
        });
        known.put(first.id(), () -> first);
        loaded.put(first.id(), first);
        this.ofNewProjects = byId(ofNewProjects).id();
    }

    /// The model that a new project begins with.
    public Embedder ofNewProjects() {
        return byId(ofNewProjects);
    }

    public List<String> ids() {
        return List.copyOf(known.keySet());
    }

    /// A model by its id.
    ///
    /// @throws IllegalArgumentException if there is none; the message lists the known ones
    public synchronized Embedder byId(String id) {
        Embedder before = loaded.get(id);
        if (before != null) {
            return before;
        }
        Supplier<? extends Embedder> supplier = known.get(id);
        if (supplier == null) {
            throw new IllegalArgumentException(
                    "unknown embedding model \"" + id + "\"; known are " + String.join(", ", known.keySet()));
        }
        Embedder embedder = supplier.get();
        loaded.put(id, embedder);
        own.add(embedder);
        return embedder;
    }

    /// The model that made a vector set.
    ///
    /// @throws IllegalStateException when it is not known here any more, or is another one by now
    public Embedder of(String model, String fingerprint) {
        Embedder embedder;
        try {
            embedder = byId(model);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(
                    "a vector set was made by " + model + ", which is not configured here: " + e.getMessage(), e);
        }
        if (!embedder.fingerprint().equals(fingerprint)) {
            throw new IllegalStateException("a vector set was made by " + model
                    + " in another version or configuration: set it back, or re-embed the project");
        }
        return embedder;
    }

    @Override
    public synchronized void close() {
        own.forEach(Embedder::close);
        own.clear();
        loaded.clear();
    }
}
