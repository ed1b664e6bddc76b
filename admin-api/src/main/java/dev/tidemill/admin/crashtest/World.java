package dev.tidemill.admin.crashtest;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/// What a [Subject] finds: the two sides, the documents that both have, and processes that run a job undisturbed.
final class World {

    /// Runs a job on one side to its end, without faults.
    interface Undisturbed {
        void run(Side side, Order order) throws InterruptedException;
    }

    private final Nodes nodes;
    private final Library library;
    private final Payments payments;
    private final Undisturbed undisturbed;
    private int ingests;

    World(Nodes nodes, Library library, Payments payments, Undisturbed undisturbed) {
        this.nodes = nodes;
        this.library = library;
        this.payments = payments;
        this.undisturbed = undisturbed;
    }

    Library library() {
        return library;
    }

    Payments payments() {
        return payments;
    }

    List<Side> sides() {
        return List.of(nodes.reference(), nodes.crashed());
    }

    Side reference() {
        return nodes.reference();
    }

    /// Another database of the same server, as its owner.
    DataSource database(String name) {
        return nodes.source(name);
    }

    /// Makes documents and ingests them on both sides, unless there are some.
    void settle() throws InterruptedException {
        if (library.ledger().isEmpty()) {
            turn();
        }
    }

    /// Changes the documents and ingests them on both sides.
    void turn() throws InterruptedException {
        library.turn();
        ingest();
    }

    /// Ingests the documents as they are now on both sides.
    void ingest() throws InterruptedException {
        String identity = "world-" + ++ingests;
        for (Side side : sides()) {
            run(side, ingestion(identity));
        }
    }

    Order ingestion(String identity) {
        Path folder = library.folder();
        return Order.of(identity, "ingest", Map.of("location", folder.toString(), "allowMassDelete", "true"));
    }

    void run(Side side, Order order) throws InterruptedException {
        undisturbed.run(side, order);
    }

    void execute(String sql) {
        sides().forEach(side -> side.execute(sql));
    }
}
