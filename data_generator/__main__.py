"""`python -m data_generator`: simulate riders against the stack that the environment names."""

import argparse
import logging
import os
from pathlib import Path

from data_generator.history import DEFAULT_PAYMENTS
from data_generator.live import Addresses, Past, main
from data_generator.population import DEFAULT_RIDERS
from domain.settings import KafkaSettings, required


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="data_generator", description="Simulate riders, honest and not.")
    parser.add_argument("--rate", type=float, default=10.0, help="payments a second (10)")
    parser.add_argument("--seed", type=int, default=7, help="who does what (7)")
    parser.add_argument("--duration", type=float, default=None, help="seconds (until stopped)")
    parser.add_argument("--time-scale", type=float, default=1.0, help="chargebacks come so much sooner (1)")
    parser.add_argument("--past-seed", type=int, default=7, help="the seed of the history before (7)")
    parser.add_argument("--riders", type=int, default=DEFAULT_RIDERS, help="riders in that history")
    parser.add_argument("--payments", type=int, default=DEFAULT_PAYMENTS, help="payments in that history")
    return parser.parse_args()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asked = _arguments()
    home = Path(required(os.environ, "FAREGATE_HOME", "where the stack keeps its state"))
    api_port = required(os.environ, "FAREGATE_API_PORT", "where the approval API listens")
    main(
        rate=asked.rate,
        seed=asked.seed,
        duration=asked.duration,
        time_scale=asked.time_scale,
        past=Past(seed=asked.past_seed, riders=asked.riders, payments=asked.payments),
        addresses=Addresses(
            api_url=f"http://{os.environ.get('FAREGATE_API_HOST', '127.0.0.1')}:{api_port}",
            kafka=KafkaSettings.from_env(os.environ).bootstrap,
            records=home / "simulator",
        ),
    )
