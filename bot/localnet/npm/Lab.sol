// Own stand-ins of the local chain: what no package ships. The exchange itself is PancakeSwap's own code.
pragma solidity =0.5.16;

/// A token with any name, symbol, decimals and, on demand, a transfer fee.
contract LabToken {
    string public name;
    string public symbol;
    uint8 public decimals;
    uint256 public totalSupply;
    uint256 public feeBps;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    constructor(string memory name_, string memory symbol_, uint8 decimals_) public {
        name = name_;
        symbol = symbol_;
        decimals = decimals_;
    }

    function mint(address to, uint256 value) external {
        totalSupply += value;
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    function setFeeBps(uint256 value) external { feeBps = value; }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        return move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed != uint256(-1)) {
            require(allowed >= value, 'LabToken: allowance');
            allowance[from][msg.sender] = allowed - value;
        }
        return move(from, to, value);
    }

    function move(address from, address to, uint256 value) private returns (bool) {
        require(balanceOf[from] >= value, 'LabToken: balance');
        uint256 fee = value * feeBps / 10000;
        balanceOf[from] -= value;
        balanceOf[to] += value - fee;
        totalSupply -= fee;
        emit Transfer(from, to, value - fee);
        return true;
    }
}

/// Holds bytes as code, behind one STOP byte.
contract LabBlob {
    constructor(bytes memory data) public {
        uint256 size = data.length + 1;
        assembly {
            mstore8(add(data, 31), 0)
            return(add(data, 31), size)
        }
    }
}

/// Deploys the published pool creation code by CREATE2 with PancakeSwap's salt.
contract LabV3PoolDeployer {
    struct Parameters { address factory; address token0; address token1; uint24 fee; int24 tickSpacing; }
    Parameters public parameters;
    address public blob;
    address public factoryAddress;

    constructor(address blob_) public { blob = blob_; }

    function setFactoryAddress(address factory) external {
        require(factoryAddress == address(0), 'set');
        factoryAddress = factory;
    }

    function deploy(address factory, address token0, address token1, uint24 fee, int24 tickSpacing)
        external returns (address pool)
    {
        require(msg.sender == factoryAddress, 'factory');
        parameters = Parameters(factory, token0, token1, fee, tickSpacing);
        bytes32 salt = keccak256(abi.encode(token0, token1, fee));
        address source = blob;
        assembly {
            let size := sub(extcodesize(source), 1)
            let code := mload(0x40)
            extcodecopy(source, code, 1, size)
            pool := create2(0, code, size, salt)
        }
        require(pool != address(0), 'create2');
        delete parameters;
    }
}

interface LabPair {
    function getReserves() external view returns (uint112, uint112, uint32);
    function mint(address to) external returns (uint256);
    function burn(address to) external returns (uint256, uint256);
    function swap(uint256 out0, uint256 out1, address to, bytes calldata data) external;
    function token0() external view returns (address);
    function token1() external view returns (address);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// What the V2 router does to a pair, without the safety checks: add, remove, swap exactly in.
contract LabV2Router {
    function add(address pair, uint256 amount0, uint256 amount1) external returns (uint256) {
        LabToken(LabPair(pair).token0()).transferFrom(msg.sender, pair, amount0);
        LabToken(LabPair(pair).token1()).transferFrom(msg.sender, pair, amount1);
        return LabPair(pair).mint(msg.sender);
    }

    function remove(address pair, uint256 liquidity) external returns (uint256, uint256) {
        LabPair(pair).transferFrom(msg.sender, pair, liquidity);
        return LabPair(pair).burn(msg.sender);
    }

    function swap(address pair, bool zeroForOne, uint256 amountIn) external returns (uint256 out) {
        (uint256 r0, uint256 r1,) = LabPair(pair).getReserves();
        LabToken(zeroForOne ? LabPair(pair).token0() : LabPair(pair).token1()).transferFrom(msg.sender, pair, amountIn);
        uint256 net = amountIn * 9975;
        out = zeroForOne ? net * r1 / (r0 * 10000 + net) : net * r0 / (r1 * 10000 + net);
        LabPair(pair).swap(zeroForOne ? 0 : out, zeroForOne ? out : 0, msg.sender, new bytes(0));
    }
}

/// The farm's reward accounting, settable: `growth` stands for what a real pool accumulates.
contract LabLmPool {
    uint256 public growth;

    function setGrowth(uint256 value) external { growth = value; }
    function accumulateReward(uint32) external {}
    function crossLmTick(int24, bool) external {}
    function updatePosition(int24, int24, int128) external {}
    function getRewardGrowthInside(int24, int24) external view returns (uint256) { return growth; }
}

contract LabLmPoolDeployer {
    address public last;

    function deploy(address) external returns (address) {
        last = address(new LabLmPool());
        return last;
    }
}
