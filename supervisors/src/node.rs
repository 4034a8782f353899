//! stub
use crate::config::Config;
pub(crate) struct Node {}
impl Node { pub(crate) async fn load(_c: Config) -> anyhow::Result<Self> { Ok(Self{}) } pub(crate) async fn run(self) -> anyhow::Result<()> { Ok(()) } }
pub(crate) async fn migrate(_c: Config) -> anyhow::Result<()> { Ok(()) }
