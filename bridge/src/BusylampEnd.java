import de.vertico.starface.module.core.model.Visibility;
import de.vertico.starface.module.core.runtime.IBaseExecutable;
import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;
import de.vertico.starface.module.core.runtime.annotations.Function;

/**
 * When the instance is changed, deactivated or deleted: nobody listens any more. After a change the next call listens
 * anew, with the classes that are there then.
 */
@Function(visibility = Visibility.Private, rookieFunction = false, description = "Busylamp: listens no more")
public class BusylampEnd implements IBaseExecutable {
    @Override
    public void execute(IRuntimeEnvironment context) throws Exception {
        BusylampBridge.end();
    }
}
