package dev.tidemill.embed;

import java.util.Arrays;

/// A prefix tree over code points in two flat arrays: its edges are one hash table from (node, code point) to node.
final class Trie {

    private static final int MAX_CODE_POINT_BITS = 21;
    private static final long FREE = -1;

    private long[] edges = new long[1 << 12];
    private int[] targets = new int[1 << 12];
    private int[] ids = new int[1 << 10];
    private int nodes;
    private int used;

    Trie() {
        Arrays.fill(edges, FREE);
    }

    int newNode() {
        if (nodes == ids.length) {
            ids = Arrays.copyOf(ids, nodes * 2);
        }
        ids[nodes] = -1;
        return nodes++;
    }

    void put(int root, String token, int id) {
        int node = root;
        for (int at = 0; at < token.length(); ) {
            int c = token.codePointAt(at);
            at += Character.charCount(c);
            int next = child(node, c);
            if (next < 0) {
                next = newNode();
                link(node, c, next);
            }
            node = next;
        }
        ids[node] = id;
    }

    /// The node reached from this one by the code point, or -1.
    int child(int node, int c) {
        long edge = edge(node, c);
        int slot = slot(edge);
        while (edges[slot] != FREE) {
            if (edges[slot] == edge) {
                return targets[slot];
            }
            slot = slot + 1 & edges.length - 1;
        }
        return -1;
    }

    /// The token that ends at the node, or -1.
    int id(int node) {
        return ids[node];
    }

    private void link(int node, int c, int target) {
        if (++used > edges.length / 2) {
            grow();
        }
        insert(edge(node, c), target);
    }

    private void insert(long edge, int target) {
        int slot = slot(edge);
        while (edges[slot] != FREE) {
            slot = slot + 1 & edges.length - 1;
        }
        edges[slot] = edge;
        targets[slot] = target;
    }

    private void grow() {
        long[] oldEdges = edges;
        int[] oldTargets = targets;
        edges = new long[oldEdges.length * 2];
        targets = new int[edges.length];
        Arrays.fill(edges, FREE);
        for (int i = 0; i < oldEdges.length; i++) {
            if (oldEdges[i] != FREE) {
                insert(oldEdges[i], oldTargets[i]);
            }
        }
    }

    private static long edge(int node, int c) {
        return (long) node << MAX_CODE_POINT_BITS | c;
    }

    private int slot(long edge) {
        long mixed = edge * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32) & edges.length - 1;
    }
}
