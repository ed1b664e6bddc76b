package dev.tidemill.postgres;

import java.io.IOException;
import java.nio.file.Path;

/// A process that owns a cluster until its standard input ends, or until it is killed.
final class ClusterOwner {

    private ClusterOwner() {}

    /// Takes the data folder.
    public static void main(String[] arguments) throws IOException {
        PrivateCluster cluster = PrivateCluster.start(Path.of(arguments[0]));
        System.out.println(cluster.port() + " " + cluster.owned());
        while (System.in.read() >= 0) {
            // only the end of the input counts
        }
        cluster.close();
    }
}
