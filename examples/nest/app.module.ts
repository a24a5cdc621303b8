import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Get, Injectable, Module, OnApplicationShutdown, Query } from '@nestjs/common';

@Injectable()
class GreetingService implements OnApplicationShutdown {
  greet(name: string) {
    return { hello: name, pid: process.pid };
  }

  onApplicationShutdown(signal?: string) {
    console.log(`${process.pid} is closed: ${signal}`);
  }
}

@Controller()
class GreetingController {
  constructor(private readonly greetings: GreetingService) {}

  @Get()
  hello(@Query('name') name = 'world') {
    return this.greetings.greet(name);
  }

  @Get('slow')
  async slow() {
    console.log(`${process.pid} works`);
    await pause(1000);
    return this.greetings.greet('at last');
  }
}

@Module({ controllers: [GreetingController], providers: [GreetingService] })
export class AppModule {}
