package busylamp.host;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;

/**
 * A pretended PBX: classes of one generation, the packed module, and HTTP on a port of this machine that the first line of
 * output tells. It ends when its standard input does.
 *
 * <pre>Main module.sfm classes-of-a-generation[,classes-that-go-before] version token|hash key users</pre>
 */
public final class Main {
    private Main() {
    }

    public static void main(String[] arguments) throws Exception {
        String[] folders = arguments[1].split(",");
        URL[] classes = new URL[folders.length];
        for (int at = 0; at < folders.length; at++) {
            classes[folders.length - 1 - at] = new File(folders[at] + "/").toURI().toURL();
        }
        World world = new World(arguments[2], Integer.parseInt(arguments[5]));
        URLClassLoader loader = new URLClassLoader(classes, Main.class.getClassLoader());
        Generation pbx = (Generation) loader.loadClass("busylamp.pbx.Pbx").getConstructor(World.class).newInstance(world);
        Module module = new Module(new File(arguments[0]), pbx, arguments[4]);
        module.act("create", null);
        module.act("activate", null);
        Front front = new Front(world, pbx, module, arguments[3].equals("token"));
        System.out.println("ready " + front.start());
        while (System.in.read() >= 0) {
            continue;
        }
        System.exit(0);
    }
}
