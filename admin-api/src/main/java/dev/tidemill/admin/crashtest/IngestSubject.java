package dev.tidemill.admin.crashtest;

import java.util.List;

/// A folder that changes from round to round, with files that no reader takes. All that it leaves is the corpus.
final class IngestSubject implements Subject {

    @Override
    public String job() {
        return "ingest";
    }

    @Override
    public void prepare(World world, int round) {
        world.library().turn();
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        return world.ingestion(identity);
    }

    @Override
    public List<String> contents(World world, Side side, String identity, int round) {
        return List.of();
    }
}
