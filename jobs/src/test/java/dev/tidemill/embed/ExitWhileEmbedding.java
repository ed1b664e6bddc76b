package dev.tidemill.embed;

import java.util.concurrent.CountDownLatch;

/// A process that ends, or is told to end, while its threads embed. Run by [OnnxEmbedderExitTest].
final class ExitWhileEmbedding {

    private ExitWhileEmbedding() {}

    public static void main(String[] args) throws InterruptedException {
        OnnxEmbedder embedder = OnnxEmbedder.load(EmbeddingModel.ALL_MINILM_L6_V2_INT8);
        CountDownLatch warm = new CountDownLatch(6);
        for (int i = 0; i < 3; i++) {
            Thread.ofPlatform().daemon().start(() -> {
                while (true) {
                    embedder.embed("cat ".repeat(200));
                    warm.countDown();
                }
            });
        }
        warm.await();
        System.out.println("embedding");
        if (args[0].equals("exit")) {
            System.exit(7);
        }
        new CountDownLatch(1).await();
    }
}
