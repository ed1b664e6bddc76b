package dev.tidemill.admin;

import dev.tidemill.admin.cli.CommandLineTool;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/// The program.
public final class Tidemill {

    private Tidemill() {}

    public static void main(String[] arguments) {
        Home home = Home.of(System.getenv(), System.getProperty("user.name"), System.getProperty("user.home"));
        // Before anything logs: standard output belongs to the command.
        System.setProperty("tidemill.log.file", home.logFile().toString());
        LogFormat.choose(System.getenv(), System.getProperties());
        boolean serves = arguments.length > 0 && arguments[0].equals("serve");
        System.setProperty("tidemill.log.console", serves ? "INFO" : "OFF");
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        int code = new CommandLineTool(home, System.getenv(), out, err).run(arguments);
        out.flush();
        err.flush();
        System.exit(code);
    }
}
