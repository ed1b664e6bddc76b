package dev.tidemill.schema;

import org.postgresql.ds.PGSimpleDataSource;

/// Applies a changelog in a process of its own, to be killed.
final class ApplyProcess {

    private ApplyProcess() {}

    public static void main(String[] args) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(args[0]);
        source.setUser(args[1]);
        source.setPassword(System.getenv("TEST_PASSWORD"));
        Schema.apply(source, args[2]);
    }
}
