import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;

/**
 * DynamoDB Local on the loopback interface and a free port, which it prints, until its input ends. Its own main class listens on all interfaces
 * and wants to be told a port.
 */
class LoopbackServer {
    public static void main(String[] arguments) throws Exception {
        var runner = ServerRunner.createServerFromCommandLineArgs(new String[] {"-inMemory", "-disableTelemetry"});
        var server = runner.getClass().getDeclaredField("server");
        server.setAccessible(true);
        var connector = (ServerConnector) ((Server) server.get(runner)).getConnectors()[0];
        connector.setHost("127.0.0.1");
        connector.setPort(0);
        runner.start();
        System.out.println("port " + connector.getLocalPort());
        System.in.transferTo(java.io.OutputStream.nullOutputStream());
        System.exit(0);
    }
}
